import { Cluster } from 'ioredis';
import { temporarilyUnavailable } from '../../domain/errors.js';
import { endClient, type RedisClient } from './open-client.js';
import { redisFault, withoutArguments } from './redis-fault.js';

/** A Redis command with its arguments. */
export type RedisCommand = readonly (string | number)[];

export interface LinkLimits {
  /** How long a batch of commands may take, in ms. */
  readonly deadlineMs: number;
  /** How many requests may wait for Redis at once; the next one is refused. */
  readonly maxInFlight: number;
}

/** How long a connection may owe a reply without any coming before it is cut, and what is queued on it dies with it. */
const SILENCE_MS = 500;
/** How long a new connection may take to become of use. */
const HANDSHAKE_MS = 1000;

/**
 * One connection to Redis that always answers in time: with what Redis said, or with `temporarily_unavailable`.
 *
 * A connection that owes replies and stays silent is cut, and until it is back every request is refused at once; so
 * nothing piles up behind a Redis that hangs, and it is back as soon as Redis is. The cap on requests bounds the time
 * before that. A batch that ran out of time has an unknown outcome.
 *
 * Silence is measured here and not by ioredis's `socketTimeout`, whose timer runs before the socket is read: where this
 * process was the one that stood still, it would cut a connection on which every reply is waiting.
 */
export class Link {
  readonly #client: RedisClient;
  readonly #limits: LinkLimits;
  #inFlight = 0;
  /** How many batches were answered. */
  #answered = 0;
  /** How often it was connected. */
  sessions = 0;
  /** What went wrong last, since it was last connected. */
  #trouble: Error | undefined;

  constructor(client: RedisClient, limits: LinkLimits) {
    this.#client = client;
    this.#limits = limits;
    client.on('error', (error: unknown) => {
      this.#trouble = withoutArguments(error);
    });
    client.on('ready', () => {
      this.#trouble = undefined;
      this.sessions += 1;
    });
    client.on('connect', () => this.#watchHandshake());
  }

  /** Whether commands can be sent right now. */
  get usable(): boolean {
    return this.#client.status === 'ready';
  }

  /** Takes a place among the requests in flight, or fails at once. Whoever took one gives it back: {@link leave}. */
  enter(): void {
    if (!this.usable) throw temporarilyUnavailable(new Error('not connected to Redis'));
    if (this.#inFlight >= this.#limits.maxInFlight) {
      throw temporarilyUnavailable(new Error('too many requests wait for Redis'));
    }
    this.#inFlight += 1;
  }

  leave(places: number): void {
    this.#inFlight -= places;
  }

  /** {@link run} for a single request, which takes its place and in which no reply may be an error. */
  async ask(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    this.enter();
    try {
      return withoutErrors(await this.run(commands));
    } finally {
      this.leave(1);
    }
  }

  /**
   * Sends commands as one pipeline to one node and answers their replies in order, an `Error` in place of a refusal.
   * Rejects with `temporarily_unavailable` when they did not all come in time.
   */
  run(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      // When the time is up, replies may be waiting in the socket, because it was us who were busy: they are read
      // before setImmediate's turn.
      const timer = setTimeout(() => {
        setImmediate(() => {
          reject(redisFault(new Error('Redis did not answer in time')));
          this.#watchSilence();
        });
      }, this.#limits.deadlineMs);
      const isCluster = this.#client instanceof Cluster;
      const pipeline = this.#client.pipeline([
        ...commands,
        ...(isCluster ? NEVER_REDIRECTED : []),
      ] as unknown[][]);
      pipeline.exec().then(
        (replies) => {
          clearTimeout(timer);
          this.#answered += 1;
          if (replies === null) reject(redisFault(new Error('Redis discarded a pipeline')));
          else {
            const seen = replies.slice(0, commands.length).map(([error, reply]) => error ?? reply);
            if (isCluster && seen.some(isMoved)) void this.findNodes();
            resolve(seen);
          }
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(redisFault(error));
        },
      );
    });
  }

  /** After a batch ran out of time: cuts the connection, unless something is answered on it before it is too long. */
  #watchSilence(): void {
    const { sessions } = this;
    const answered = this.#answered;
    this.#afterReading(Math.max(0, SILENCE_MS - this.#limits.deadlineMs), () => {
      if (this.sessions === sessions && this.#answered === answered && this.usable) this.renew();
    });
  }

  /** A Redis that hangs still has its system take connections; one on which nothing is said for long is made anew. */
  #watchHandshake(): void {
    const { sessions } = this;
    this.#afterReading(HANDSHAKE_MS, () => {
      if (this.sessions === sessions && this.#client.status === 'connect') this.renew();
    });
  }

  /** Runs after a time, and after what the socket holds by then was read: timers come before it, setImmediate after. */
  #afterReading(delayMs: number, run: () => void): void {
    setTimeout(() => setImmediate(run), delayMs).unref();
  }

  /** Asks a Cluster anew which node has which slot; settles when it knows, or could not be asked. */
  async findNodes(): Promise<void> {
    const client = this.#client;
    if (!(client instanceof Cluster)) return;
    await new Promise<void>((resolve) => client.refreshSlotsCache(() => resolve()));
  }

  /**
   * Connects, and settles when commands can be sent.
   *
   * @throws {Error} when that takes too long, or credentials or certificate are refused, with the last reason in words
   */
  connected(deadlineMs: number): Promise<void> {
    const client = this.#client;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        client.off('ready', onReady);
        client.off('error', onError);
        act();
      };
      const onReady = (): void => settle(resolve);
      const fail = (): void => settle(() => reject(this.#trouble ?? new Error('no answer')));
      const onError = (): void => {
        if (/WRONGPASS|NOAUTH|NOPERM|certificate/.test(this.#trouble?.message ?? '')) fail();
      };
      const timer = setTimeout(fail, deadlineMs);
      client.on('ready', onReady);
      client.on('error', onError);
      // Rejects at the first failure already, while the client goes on trying.
      client.connect().catch(() => undefined);
    });
  }

  /** Calls back when the connection is there, and when it is lost, with why. */
  watch(onReady: () => void, onLost: (reason: Error) => void): void {
    let up = this.usable;
    this.#client.on('ready', () => {
      up = true;
      onReady();
    });
    this.#client.on('close', () => {
      if (up) onLost(this.#trouble ?? new Error('the connection was closed'));
      up = false;
    });
  }

  /**
   * Cuts the connection and makes it anew, perhaps to another node. Nothing while it is being made: ioredis would give
   * up for good on being cut while it asks the Sentinels, and where a new connection leads is looked at in any case.
   */
  renew(): void {
    const client = this.#client;
    if (client instanceof Cluster) return;
    if (client.status !== 'ready' && client.status !== 'connect') return;
    client.disconnect(true);
    // A Redis that hangs does not close its half; should it go on before ioredis loses patience, the connection would
    // pass for good again just when it ends.
    client.stream?.destroy();
  }

  close(): void {
    endClient(this.#client);
  }
}

/** The replies, if none of them is an error; else fails with `temporarily_unavailable`. */
export function withoutErrors(replies: readonly unknown[]): readonly unknown[] {
  for (const reply of replies) if (reply instanceof Error) throw redisFault(reply);
  return replies;
}

/** Another node has the slot now. */
export const isMoved = (reply: unknown): boolean =>
  reply instanceof Error && reply.message.startsWith('MOVED');

/**
 * While a slot moves between nodes, a key that has moved already is answered ASK. ioredis would then send the whole of a
 * reading pipeline to the new node, which takes keys that have yet to move for keys that do not exist: a revoked client
 * would never have been revoked. It does so only where every command is one that reads, and this one is not; so each
 * ASK is seen here, as an outage.
 */
const NEVER_REDIRECTED: readonly RedisCommand[] = [['ping']];
