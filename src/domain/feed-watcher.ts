import type { FeedSnapshot } from './feed-snapshot.js';
import type { FeedWindow } from './feed-window.js';
import type { FeedPosition } from './ports.js';

/** What a watcher is sent besides the messages: nothing is missing before this position, as of this moment. */
export interface FeedBeat {
  readonly position: FeedPosition;
  /** On the server's monotonic clock, when the store was last known to hold nothing more. */
  readonly confirmedMonotonicMs: number;
}

/** Why the server ends a watching. In each case the reader may open another and resume. */
export type WatchEnd = 'slow' | 'stopping';

/** One reader's end of the feed, as its door gives it. None of these may throw. */
export interface WatchSink<Message> {
  /** Takes a message. False: no more until {@link Watch.drained} is called. */
  send(message: Message): boolean;
  /** As `send`, for a heartbeat. */
  beat(beat: FeedBeat): boolean;
  /** The last thing that it hears. Not called when it stopped by itself. */
  ended(why: WatchEnd): void;
}

/** A watching, as its door holds it. */
export interface Watch {
  /** The sink takes messages again. */
  drained(): void;
  stop(): void;
}

export const BEAT_EVERY_MS = 500;
/** A reader that takes nothing for so long is gone, or of no use to itself. */
const LONGEST_STALL_MS = 10_000;

type Place<Message> =
  /** Came with a cursor that has yet to be held against the feed. */
  | { readonly kind: 'resuming'; readonly from: FeedPosition }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'snapshot'; readonly snapshot: FeedSnapshot<Message>; next: number }
  | { readonly kind: 'following'; next: number };

/** One watcher: where it is, and whether its sink takes more. Holds no messages. */
export class FeedWatcher<Message> {
  readonly sink: WatchSink<Message>;
  readonly openedMs: number;
  readonly #firstGapMs: number;
  #place: Place<Message>;
  #stalledSinceMs: number | undefined;
  #beatDueMs = Number.NEGATIVE_INFINITY;
  #toldConfirmedMs = Number.NEGATIVE_INFINITY;

  /** `spread`, from 0 to 1, sets when within their period its heartbeats come. */
  constructor(
    sink: WatchSink<Message>,
    from: FeedPosition | undefined,
    options: { readonly openedMs: number; readonly spread: number },
  ) {
    this.sink = sink;
    this.openedMs = options.openedMs;
    this.#firstGapMs = BEAT_EVERY_MS * options.spread;
    this.#place = from === undefined ? { kind: 'waiting' } : { kind: 'resuming', from };
  }

  get isWaiting(): boolean {
    return this.#place.kind === 'waiting';
  }

  get snapshot(): FeedSnapshot<Message> | undefined {
    return this.#place.kind === 'snapshot' ? this.#place.snapshot : undefined;
  }

  /** The feed begins anew: what it has been told may be of no use, so it needs a snapshot. */
  restart(): void {
    if (this.#place.kind !== 'resuming') this.#place = { kind: 'waiting' };
  }

  startSnapshot(snapshot: FeedSnapshot<Message>): void {
    this.#place = { kind: 'snapshot', snapshot, next: 0 };
  }

  /**
   * Holds the cursor that it came with against the feed. One of another epoch, or that is too old, needs a snapshot.
   * One that is ahead of us may come from a server that is: so it proves nothing until we asked the store after it
   * came.
   */
  settle(window: FeedWindow<Message>, confirmedMs: number): void {
    if (this.#place.kind !== 'resuming') return;
    const { epoch, sequence } = this.#place.from;
    const next = sequence + 1;
    if (epoch !== window.epoch || window.hasForgotten(next)) this.#place = { kind: 'waiting' };
    else if (sequence <= window.last) this.#place = { kind: 'following', next };
    else if (confirmedMs > this.openedMs) this.#place = { kind: 'waiting' };
  }

  /** Sends what there is for as long as the sink takes it. False: it is too slow to go on. */
  pump(window: FeedWindow<Message>, nowMs: number): boolean {
    while (this.#stalledSinceMs === undefined) {
      const message = this.#nextMessage(window);
      if (message === 'gone') return false;
      if (message === undefined) return true;
      this.#note(this.sink.send(message.message), nowMs);
    }
    return nowMs - this.#stalledSinceMs <= LONGEST_STALL_MS;
  }

  /** Sends a heartbeat, when one is due and it would be true: all has been sent, and the store was asked since. */
  beat(window: FeedWindow<Message>, confirmedMs: number, nowMs: number): void {
    if (this.#place.kind !== 'following' || this.#place.next !== window.last + 1) return;
    if (this.#stalledSinceMs !== undefined || nowMs < this.#beatDueMs) return;
    if (confirmedMs <= this.#toldConfirmedMs) return;
    // The first comes at once, so that a reader is fresh soon, and the second at any time within the period: so readers
    // who came together are not all told together from then on.
    const lateMs = nowMs - this.#beatDueMs;
    if (lateMs === Number.POSITIVE_INFINITY) this.#beatDueMs = nowMs + this.#firstGapMs;
    else this.#beatDueMs = nowMs + BEAT_EVERY_MS - Math.min(lateMs, BEAT_EVERY_MS / 2);
    this.#toldConfirmedMs = confirmedMs;
    this.#note(this.sink.beat({ position: window.position, confirmedMonotonicMs: confirmedMs }), nowMs);
  }

  drained(): void {
    this.#stalledSinceMs = undefined;
  }

  #note(takesMore: boolean, nowMs: number): void {
    if (!takesMore) this.#stalledSinceMs = nowMs;
  }

  #nextMessage(window: FeedWindow<Message>): { readonly message: Message } | 'gone' | undefined {
    const place = this.#place;
    switch (place.kind) {
      case 'resuming':
      case 'waiting':
        return undefined;
      case 'snapshot': {
        const { snapshot } = place;
        if (snapshot.hasFailed) {
          this.restart();
          return undefined;
        }
        const message = snapshot.parts[place.next];
        if (message === undefined) return undefined;
        place.next += 1;
        if (snapshot.isWhole && place.next === snapshot.parts.length) {
          this.#place = { kind: 'following', next: snapshot.position.sequence + 1 };
        }
        return { message };
      }
      case 'following': {
        if (window.hasForgotten(place.next)) return 'gone';
        const message = window.messageAt(place.next);
        if (message === undefined) return undefined;
        place.next += 1;
        return { message };
      }
    }
  }
}
