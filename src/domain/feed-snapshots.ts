import { type EncodePart, FeedSnapshot } from './feed-snapshot.js';
import type { FeedWindow } from './feed-window.js';
import type { FeedSource } from './ports.js';
import type { TimedClock } from './timers.js';

/** How long after its last use a snapshot is kept for whoever comes next. */
const KEPT_MS = 1000;

/**
 * Gives every watcher that needs one a snapshot, with as few readings of the ledger as can be: at most one at a time,
 * and one for all who come together, as after a restart of a server.
 *
 * An older snapshot is as good as a new one while the window still has what changed since: so it is shared until half
 * the window has gone by, which also bounds how many can be held by slow readers at once.
 */
export class FeedSnapshots<Message> {
  readonly #source: FeedSource;
  readonly #clock: TimedClock;
  readonly #encode: EncodePart<Message>;
  readonly #progressed: () => void;
  #current: FeedSnapshot<Message> | undefined;
  #usedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #isBusy = false;

  /** `progressed` is called whenever some snapshot has more to give, or has failed. */
  constructor(options: {
    source: FeedSource;
    clock: TimedClock;
    encode: EncodePart<Message>;
    progressed: () => void;
  }) {
    this.#source = options.source;
    this.#clock = options.clock;
    this.#encode = options.encode;
    this.#progressed = options.progressed;
  }

  /**
   * A snapshot from which one can go on with this window. Undefined where there is none yet: one is then begun, unless
   * the store has not been heard of since that last failed.
   */
  offer(window: FeedWindow<Message>, confirmedMs: number): FeedSnapshot<Message> | undefined {
    const current = this.#current;
    if (current !== undefined && this.#isShareable(current, window)) return current;
    if (!this.#isBusy && confirmedMs > this.#triedMs) void this.#take(window);
    return undefined;
  }

  /** Notes that somebody still reads it. */
  used(snapshot: FeedSnapshot<Message>): void {
    if (snapshot === this.#current) this.#usedMs = this.#clock.monotonic();
  }

  /** Lets go of one that nobody has used of late. Answers whether one is held. */
  release(): boolean {
    if (this.#clock.monotonic() - this.#usedMs > KEPT_MS) this.#current = undefined;
    return this.#current !== undefined;
  }

  /** What was read is of no use any more. */
  abandon(): void {
    this.#current?.abandon();
    this.#current = undefined;
    this.#triedMs = Number.NEGATIVE_INFINITY;
  }

  #isShareable(snapshot: FeedSnapshot<Message>, window: FeedWindow<Message>): boolean {
    const { epoch, sequence } = snapshot.position;
    const isRecent = window.last - sequence <= window.length / 2 && !window.hasForgotten(sequence + 1);
    return isRecent && epoch === window.epoch && !snapshot.hasFailed && this.release();
  }

  async #take(window: FeedWindow<Message>): Promise<void> {
    this.#isBusy = true;
    this.#triedMs = this.#clock.monotonic();
    try {
      const snapshot = await FeedSnapshot.begin<Message>(this.#source);
      // Of another epoch than the window: the reader will notice soon, and whoever waits will ask again.
      if (snapshot.position.epoch !== window.epoch) return;
      this.#current = snapshot;
      this.#usedMs = this.#clock.monotonic();
      await snapshot.read(this.#encode, this.#progressed);
      if (snapshot.isWhole) this.#triedMs = Number.NEGATIVE_INFINITY;
    } catch {
      // The store did not answer. Its reader tells of that; those who wait ask again when it does.
    } finally {
      this.#isBusy = false;
    }
  }
}
