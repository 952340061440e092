import { Worker } from 'node:worker_threads';
import { temporarilyUnavailable } from '../../domain/errors.js';
import type { SecretKey } from './paserk.js';
import { SEPARATOR, type SigningReply, type SigningTask } from './signing-messages.js';
import type { TokenSigner } from './token-signer.js';

const SIGNING_WORKER = new URL('./signing-worker.js', import.meta.url);
/** It keeps a key and what it is signing, so it needs next to nothing. */
const MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };
/** The most tokens in one message: the first of them waits for the signature of the last, 36 µs each. */
const MAX_BATCH = 16;

export interface SigningThread extends TokenSigner {
  /** Ends the thread; what it was signing fails with `temporarily_unavailable`. */
  close(): Promise<void>;
}

export interface SigningThreadOptions {
  /** Is told why a thread died that was not closed. */
  readonly onDeath?: (err: Error) => void;
  /** What the thread runs; for tests, which run from sources or want it to die. */
  readonly worker?: URL;
}

interface Wanted {
  readonly payload: string;
  readonly resolve: (token: string) => void;
  readonly reject: (reason: unknown) => void;
}

/** What was sent to one thread and is yet to be answered, in order. */
interface Crew {
  readonly thread: Worker;
  readonly pending: (readonly Wanted[])[];
  /** Which it signs with. */
  key: SecretKey | undefined;
}

/**
 * Signs on a thread of its own, to which all that one turn of the event loop wants signed goes in one message, and
 * comes back as finished tokens.
 *
 * The pool costs this thread, which is what bounds how many tokens are issued, 6 to 10 µs for each: a task, a wake-up
 * and a callback. In batches of eight a message costs 2, and the thread does the framing and the base64url too. One is
 * enough: it signs more than grpc-js can take in calls for. Should it die, what it had fails, and the next turn has
 * another.
 */
export function startSigningThread(options: SigningThreadOptions = {}): SigningThread {
  const { onDeath, worker = SIGNING_WORKER } = options;
  let wanted: Wanted[] = [];
  let wantedOf: SecretKey | undefined;
  let crew: Crew | undefined = hire();
  let isClosed = false;

  function hire(): Crew {
    // Without the environment: it holds the master key, which is no business of the thread's.
    const thread = new Worker(worker, { env: {}, resourceLimits: MEMORY, name: 'signing' });
    const hired: Crew = { thread, pending: [], key: undefined };
    thread.unref();
    thread.on('message', (reply: SigningReply) => settle(hired.pending.shift() ?? [], reply));
    let reason: Error | undefined;
    thread.on('error', (err) => {
      reason = err;
    });
    thread.on('exit', () => {
      if (crew === hired) crew = undefined;
      const why = reason ?? new Error('the signing thread ended');
      for (const batch of hired.pending.splice(0)) fail(batch, why);
      if (!isClosed) onDeath?.(why);
    });
    return hired;
  }

  function send(): void {
    const batch = wanted;
    const key = wantedOf;
    wanted = [];
    wantedOf = undefined;
    if (key === undefined) return;
    if (isClosed) {
      fail(batch, new Error('the signing thread is closed'));
      return;
    }
    crew ??= hire();
    for (let from = 0; from < batch.length; from += MAX_BATCH) {
      const part = batch.slice(from, from + MAX_BATCH);
      crew.pending.push(part);
      crew.thread.postMessage(taskFor(part, crew.key === key ? undefined : key));
      crew.key = key;
    }
  }

  return {
    sign: (payload, key) =>
      new Promise((resolve, reject) => {
        // A ring that has just turned over: what is collected is of the key before.
        if (wantedOf !== undefined && wantedOf !== key) send();
        // After all that goes on at once in this turn, and before the event loop goes on.
        if (wantedOf === undefined) process.nextTick(send);
        wantedOf = key;
        wanted.push({ payload, resolve, reject });
      }),

    async close() {
      isClosed = true;
      await crew?.thread.terminate();
    },
  };
}

function taskFor(batch: readonly Wanted[], key: SecretKey | undefined): SigningTask {
  const payloads = batch.map(({ payload }) => payload).join(SEPARATOR);
  if (key === undefined) return { payloads };
  return { payloads, key: { keyId: key.verificationKey.keyId, keyObject: key.keyObject } };
}

function settle(batch: readonly Wanted[], reply: SigningReply): void {
  if ('failure' in reply) {
    fail(batch, reply.failure);
    return;
  }
  const tokens = reply.tokens.split(SEPARATOR);
  for (const [index, { resolve, reject }] of batch.entries()) {
    const token = tokens[index];
    if (token === undefined) reject(temporarilyUnavailable(new Error('the signing thread returned too few')));
    else resolve(token);
  }
}

function fail(batch: readonly Wanted[], reason: unknown): void {
  for (const { reject } of batch) reject(temporarilyUnavailable(reason));
}
