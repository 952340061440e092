import type { Authorizer } from './authorizer.js';
import { Backoff } from './backoff.js';
import type { Clock, Random } from './clock.js';
import type { Endpoints } from './endpoints.js';
import type { CountersignError } from './errors.js';
import type { Step } from './feed-reading.js';
import { FeedStream, type StreamSink } from './feed-stream.js';
import { LedgerReplica } from './ledger-replica.js';

export interface FeedFollowerOptions {
  readonly endpoints: Endpoints;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly random: Random;
  readonly connectTimeoutMs: number;
  /** A stream this old is replaced, give or take a tenth: ahead of the server's limit on a connection's age. */
  readonly maxStreamAgeMs: number;
  readonly sink: FeedSink;
}

/** What the follower tells. */
export interface FeedSink {
  /** Something was merged into the replica. */
  merged(): void;
  /** The replica was just proved whole. */
  confirmed(): void;
  /** The feed has to be read from a snapshot again. */
  resync(reason: 'gap' | 'unknown'): void;
  /** A stream ended without being replaced first. */
  ended(err: CountersignError): void;
}

const TICK_MS = 250;
/** Heartbeats come every 500 ms and a confirmation may be 250 ms old: past this, something is wrong. */
const LATE_MS = 1100;
/** A stream being opened that brings nothing for so long is given up. */
const OPENING_IDLE_MS = 3000;
/** A server that goes away sends its readers off together: they come back spread over this time. */
const SPREAD_MS = 200;
/** After a refusal of our credential: asking more often would only look like an attack. */
const REFUSED_PAUSE_SECONDS = 5;

/**
 * Keeps a replica of the ledger in step with the service, and knows how old its knowledge may be.
 *
 * There is at most one stream that is followed and one that is being opened. The old one is let go only when the new
 * one has proved the replica whole, so a planned change of streams costs no freshness. Every change of streams may go
 * to another address, so readers spread over the servers that there are.
 */
export class FeedFollower {
  readonly replica = new LedgerReplica();
  readonly #options: FeedFollowerOptions;
  readonly #backoff: Backoff;
  readonly #streamSink: StreamSink;
  #current: FeedStream | undefined;
  #next: FeedStream | undefined;
  #cursor = '';
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #replaceAtMs = Number.POSITIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #address: number;
  #blind = false;
  #opened = 0;
  #cancelTick: () => void = () => {};
  #closed = false;

  constructor(options: FeedFollowerOptions) {
    this.#options = options;
    this.#address = this.#anyAddress();
    this.#backoff = new Backoff({ firstMs: 50, capMs: 2000, random: options.random });
    this.#streamSink = {
      step: (stream, step) => this.#onStep(stream, step),
      ended: (stream, err) => this.#onEnded(stream, err),
    };
  }

  start(): void {
    this.#tick();
  }

  /** How long ago, at most, the replica was whole; Infinity before the first time. */
  stalenessMs(): number {
    return this.#options.clock.monotonic() - this.#confirmedAtMs;
  }

  /** Streams opened so far. */
  get opened(): number {
    return this.#opened;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTick();
    this.#current?.close();
    this.#next?.close();
  }

  #tick(): void {
    this.#cancelTick();
    if (this.#closed) return;
    const nowMs = this.#options.clock.monotonic();
    if (this.#next !== undefined && nowMs - this.#next.progressAtMs > OPENING_IDLE_MS) this.#drop(this.#next);
    if (this.#next === undefined && nowMs >= this.#notBeforeMs && this.#needsStream(nowMs)) this.#open();
    this.replica.forget(this.#options.clock.now() / 1000);
    const waitMs = this.#notBeforeMs > nowMs ? Math.min(TICK_MS, this.#notBeforeMs - nowMs) : TICK_MS;
    this.#cancelTick = this.#options.clock.after(waitMs, () => this.#tick());
  }

  #needsStream(nowMs: number): boolean {
    const current = this.#current;
    if (current === undefined) return true;
    if (nowMs >= this.#replaceAtMs) {
      this.#address = this.#anyAddress();
      return true;
    }
    // A snapshot takes as long as it takes; and one that can never be fresh again is not cured by another stream.
    const onlyProgressCounts = current.inSnapshot || this.#blind;
    if ((onlyProgressCounts ? nowMs - current.progressAtMs : this.stalenessMs()) <= LATE_MS) return false;
    // Should the new stream be as late, as when the store is slow, the next try waits longer.
    this.#failed();
    return true;
  }

  #open(): void {
    const { endpoints, authorizer, clock, connectTimeoutMs } = this.#options;
    this.#opened += 1;
    this.#next = new FeedStream({
      client: endpoints.dial(this.#address),
      authorizer,
      replica: this.replica,
      cursor: this.#cursor,
      clock,
      connectTimeoutMs,
      sink: this.#streamSink,
    });
  }

  #onStep(stream: FeedStream, step: Step): void {
    switch (step) {
      case 'confirmed':
        this.#onConfirmed(stream);
        break;
      case 'applied':
        if (stream.cursor !== '') this.#cursor = stream.cursor;
        this.#options.sink.merged();
        break;
      case 'gap':
        this.#cursor = '';
        this.#drop(stream);
        this.#options.sink.resync('gap');
        this.#tick();
        break;
      case 'clock':
        this.#drop(stream);
        this.#tick();
        break;
      case 'unknown':
        if (!this.#blind) this.#options.sink.resync('unknown');
        this.#blind = true;
        break;
      case 'ignored':
    }
  }

  #onConfirmed(stream: FeedStream): void {
    if (!this.#blind) this.#confirmedAtMs = Math.max(this.#confirmedAtMs, stream.confirmedAtMs);
    if (this.stalenessMs() <= LATE_MS) this.#backoff.succeeded();
    if (stream === this.#next) {
      const { clock, random, maxStreamAgeMs } = this.#options;
      this.#current?.close();
      this.#current = stream;
      this.#next = undefined;
      this.#replaceAtMs = clock.monotonic() + maxStreamAgeMs * (0.9 + random() / 5);
    }
    if (!this.#blind) this.#options.sink.confirmed();
  }

  #onEnded(stream: FeedStream, err: CountersignError): void {
    if (stream === this.#current) {
      const nowMs = this.#options.clock.monotonic();
      this.#current = undefined;
      this.#options.sink.ended(err);
      if (nowMs - stream.openedAtMs > LATE_MS) {
        this.#address = this.#anyAddress();
        this.#notBeforeMs = nowMs + this.#options.random() * SPREAD_MS;
      } else this.#failed(err.retryAfterSeconds);
    } else if (stream === this.#next) {
      this.#next = undefined;
      this.#options.sink.ended(err);
      this.#failed(isRefusal(err) ? REFUSED_PAUSE_SECONDS : err.retryAfterSeconds);
    }
    this.#tick();
  }

  #drop(stream: FeedStream): void {
    stream.close();
    if (stream === this.#current) this.#current = undefined;
    if (stream === this.#next) this.#next = undefined;
    this.#failed();
  }

  #failed(retryAfterSeconds?: number): void {
    this.#notBeforeMs = this.#options.clock.monotonic() + this.#backoff.failed(retryAfterSeconds);
    this.#address += 1;
  }

  #anyAddress(): number {
    return Math.floor(this.#options.random() * this.#options.endpoints.count);
  }
}

const isRefusal = (err: CountersignError): boolean =>
  err.code === 'invalid_client' || err.code === 'invalid_token' || err.code === 'insufficient_scope';
