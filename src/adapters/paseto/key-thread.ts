import { Worker } from 'node:worker_threads';
import { temporarilyUnavailable } from '../../domain/errors.js';
import { SEPARATOR, type ThreadKey, type ThreadReply, type ThreadTask } from './key-thread-messages.js';

/** It keeps a key and what it is at, so it needs next to nothing. */
const MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };
/** The most texts in one message: the first of them waits for the signature of the last. */
const MAX_BATCH = 16;

/** A thread of its own for signatures. */
export interface KeyThread {
  /** How many texts are yet to be answered. */
  readonly waiting: number;
  /** What its worker makes of a text with this key. Fails with `temporarily_unavailable` when it cannot say. */
  ask(text: string, key: ThreadKey): Promise<string>;
  /** Ends the thread; what it was at fails with `temporarily_unavailable`. */
  close(): Promise<void>;
}

/** What whoever has a thread may be told, and may say of it. */
export interface KeyThreadHooks {
  /** Is told why a thread died that was not closed. */
  readonly onDeath?: ((err: Error) => void) | undefined;
  /** What the thread runs; for tests, which run from sources or want it to die. */
  readonly worker?: URL | undefined;
}

export interface KeyThreadOptions extends KeyThreadHooks {
  /** What the thread runs: see `key-thread-worker.ts`. */
  readonly worker: URL;
  /** In words, such as `signing`. */
  readonly name: string;
}

interface Wanted {
  readonly text: string;
  readonly resolve: (result: string) => void;
  readonly reject: (reason: unknown) => void;
}

/** What was sent to one thread and is yet to be answered, in order. */
interface Crew {
  readonly thread: Worker;
  readonly pending: (readonly Wanted[])[];
  /** Which it works with. */
  key: ThreadKey | undefined;
}

/**
 * A thread to which all that one turn of the event loop wants of it goes in one message, and comes back in one.
 *
 * The pool costs this thread, which is what bounds how many calls are answered, 6 to 10 µs for each signature, and up to
 * 30 where all processors are busy: a task, a wake-up and a callback. In batches of eight a message costs 2, and the
 * thread does the framing and the base64url too. Should it die, what it had fails, and the next turn has another.
 */
export function startKeyThread({ worker, name, onDeath }: KeyThreadOptions): KeyThread {
  let wanted: Wanted[] = [];
  let wantedOf: ThreadKey | undefined;
  let waiting = 0;
  let crew: Crew | undefined = hire();
  let isClosed = false;

  function hire(): Crew {
    // Without the environment: it holds the master key, which is no business of the thread's.
    const thread = new Worker(worker, { env: {}, resourceLimits: MEMORY, name });
    const hired: Crew = { thread, pending: [], key: undefined };
    thread.unref();
    thread.on('message', (reply: ThreadReply) => {
      const batch = hired.pending.shift() ?? [];
      waiting -= batch.length;
      settle(batch, reply);
    });
    let reason: Error | undefined;
    thread.on('error', (err) => {
      reason = err;
    });
    thread.on('exit', () => {
      if (crew === hired) crew = undefined;
      const why = reason ?? new Error(`the ${name} thread ended`);
      for (const batch of hired.pending.splice(0)) drop(batch, why);
      if (!isClosed) onDeath?.(why);
    });
    return hired;
  }

  function drop(batch: readonly Wanted[], reason: Error): void {
    waiting -= batch.length;
    fail(batch, reason);
  }

  function send(): void {
    const batch = wanted;
    const key = wantedOf;
    wanted = [];
    wantedOf = undefined;
    if (key === undefined) return;
    if (isClosed) {
      drop(batch, new Error(`the ${name} thread is closed`));
      return;
    }
    crew ??= hire();
    for (let from = 0; from < batch.length; from += MAX_BATCH) {
      const part = batch.slice(from, from + MAX_BATCH);
      crew.pending.push(part);
      const isSame = crew.key?.keyObject === key.keyObject;
      crew.thread.postMessage(taskFor(part, isSame ? undefined : key));
      crew.key = key;
    }
  }

  return {
    get waiting() {
      return waiting;
    },

    ask(text, key) {
      waiting += 1;
      return new Promise<string>((resolve, reject) => {
        // A ring that has just turned over: what is collected is of the key before.
        if (wantedOf !== undefined && wantedOf.keyObject !== key.keyObject) send();
        // After all that goes on at once in this turn, and before the event loop goes on.
        if (wantedOf === undefined) process.nextTick(send);
        wantedOf = key;
        wanted.push({ text, resolve, reject });
      });
    },

    async close() {
      isClosed = true;
      await crew?.thread.terminate();
    },
  };
}

function taskFor(batch: readonly Wanted[], key: ThreadKey | undefined): ThreadTask {
  const texts = batch.map(({ text }) => text).join(SEPARATOR);
  if (key === undefined) return { texts };
  return { texts, key: { keyId: key.keyId, keyObject: key.keyObject } };
}

function settle(batch: readonly Wanted[], reply: ThreadReply): void {
  if ('failure' in reply) {
    fail(batch, reply.failure);
    return;
  }
  const results = reply.results.split(SEPARATOR);
  for (const [index, { resolve, reject }] of batch.entries()) {
    const result = results[index];
    if (result === undefined) reject(temporarilyUnavailable(new Error('the thread returned too few')));
    else resolve(result);
  }
}

function fail(batch: readonly Wanted[], reason: unknown): void {
  for (const { reject } of batch) reject(temporarilyUnavailable(reason));
}
