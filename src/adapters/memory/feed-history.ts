import { randomBytes } from 'node:crypto';
import { temporarilyUnavailable } from '../../domain/errors.js';
import { FeedBroken, type FeedPosition, type FeedSink } from '../../domain/ports.js';
import type { Revocation } from '../../domain/revocation.js';

const KEPT = 100_000;

/** The last changes of the ledger, numbered from 1, and who follows them. */
export class FeedHistory {
  /** A process is an epoch: what a predecessor knew died with it. */
  readonly #epoch = randomBytes(16).toString('hex');
  readonly #entries: Revocation[] = [];
  readonly #followers = new Set<Follower>();
  #last = 0;
  #closed = false;

  get position(): FeedPosition {
    return { epoch: this.#epoch, sequence: this.#last };
  }

  append(revocation: Revocation, monotonicMs: number): void {
    this.#entries.push(revocation);
    this.#last += 1;
    if (this.#entries.length > KEPT * 1.1) this.#entries.splice(0, this.#entries.length - KEPT);
    for (const follower of this.#followers) {
      follower.told(() => {
        follower.sink.change(this.#last, revocation);
        follower.sink.confirmed(monotonicMs);
      });
    }
  }

  /**
   * Tells a sink what it missed and from then on whatever is appended; answers how to end that. `failed` is called at
   * most once, with why it cannot go on.
   *
   * @throws {FeedBroken} when the position is of another epoch, or older than what is kept.
   */
  follow(from: FeedPosition, sink: FeedSink, failed: (why: unknown) => void): () => void {
    if (this.#closed) throw temporarilyUnavailable(new Error('the store is closed'));
    const oldest = this.#last - this.#entries.length;
    if (from.epoch !== this.#epoch || from.sequence < oldest || from.sequence > this.#last) {
      throw new FeedBroken('This position is of another epoch, or too old.');
    }
    for (let sequence = from.sequence + 1; sequence <= this.#last; sequence += 1) {
      const missed = this.#entries[sequence - oldest - 1];
      if (missed !== undefined) sink.change(sequence, missed);
    }
    const follower = new Follower(sink, (why) => {
      this.#followers.delete(follower);
      failed(why);
    });
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  close(): void {
    this.#closed = true;
    const why = temporarilyUnavailable(new Error('the store is closed'));
    for (const follower of [...this.#followers]) follower.failed(why);
  }
}

class Follower {
  readonly sink: FeedSink;
  readonly failed: (why: unknown) => void;

  constructor(sink: FeedSink, failed: (why: unknown) => void) {
    this.sink = sink;
    this.failed = failed;
  }

  /** A sink that throws ends its own following, never the act that it was told of. */
  told(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.failed(error);
    }
  }
}
