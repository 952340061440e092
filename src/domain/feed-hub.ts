import { readFeed } from './feed-reader.js';
import type { EncodePart } from './feed-snapshot.js';
import { FeedSnapshots } from './feed-snapshots.js';
import { FeedWatcher, type Watch, type WatchEnd, type WatchSink } from './feed-watcher.js';
import { FeedWindow } from './feed-window.js';
import type { FeedPosition, FeedSource } from './ports.js';
import type { Revocation } from './revocation.js';
import type { TimedClock } from './timers.js';

/** Makes the door's messages; each is made once and shared by all watchers. */
export interface FeedEncoder<Message> {
  readonly part: EncodePart<Message>;
  change(position: FeedPosition, revocation: Revocation): Message;
}

export interface FeedHubOptions<Message> {
  readonly source: FeedSource;
  readonly clock: TimedClock;
  readonly encoder: FeedEncoder<Message>;
  /** From 0 up to but not including 1, as `Math.random`, which is the default. */
  readonly random?: () => number;
  /** How many changes are kept for those who resume, or are slow; 10 000 by default. */
  readonly windowLength?: number;
  readonly onEvent?: (event: FeedEvent) => void;
}

/** Something for the log. */
export type FeedEvent =
  | { readonly kind: 'began'; readonly epoch: string; readonly sequence: number }
  | { readonly kind: 'lost'; readonly err: unknown }
  /** After a failover so many changes were put back into the store, as far as it lacked them. */
  | { readonly kind: 'restored'; readonly changes: number }
  | { readonly kind: 'cut off a slow watcher'; readonly watchers: number };

/** Hears of changes on this server, as watchers do, but beside them: for what is to be dropped or asked anew. */
export interface FeedListener {
  changed(revocation: Revocation): void;
  /** Changes may have gone by untold. */
  began(): void;
}

export interface FeedStatus {
  /** Undefined while the store has never answered. */
  readonly epoch: string | undefined;
  readonly sequence: number;
  readonly watchers: number;
  /** Undefined while the store has never confirmed. */
  readonly confirmedMonotonicMs: number | undefined;
  /** How long ago that was; Infinity for never. */
  readonly lagMs: number;
}

const WINDOW_LENGTH = 10_000;
const TICK_MS = 50;

/**
 * The feed of one server: reads the store once, and lets any number of watchers follow.
 *
 * Each watcher gets the ledger, or what changed since its cursor, and from then on every change in order and without a
 * gap; and heartbeats, but only while the store confirms that nothing is missing. A watcher costs a place in the window
 * that all share and no queue of its own, so none can hold up another or fill the memory: who falls behind the window,
 * or takes nothing for 10 s, is told to come again.
 *
 * Starts at once; does not know how messages look or travel.
 */
export class FeedHub<Message> {
  readonly #options: FeedHubOptions<Message>;
  readonly #random: () => number;
  readonly #windowLength: number;
  readonly #watchers = new Set<FeedWatcher<Message>>();
  readonly #listeners = new Set<FeedListener>();
  readonly #snapshots: FeedSnapshots<Message>;
  readonly #closing = new AbortController();
  #window: FeedWindow<Message> | undefined;
  #confirmedMs = Number.NEGATIVE_INFINITY;
  /** Whether the store has confirmed since it was last lost. */
  #isFollowing = false;
  #lossTold = false;
  #isServingSoon = false;
  #cancelTick: (() => void) | undefined;

  constructor(options: FeedHubOptions<Message>) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#windowLength = options.windowLength ?? WINDOW_LENGTH;
    const { source, clock, encoder } = options;
    this.#snapshots = new FeedSnapshots({
      source,
      clock,
      encode: encoder.part,
      progressed: () => this.#serveSoon(),
    });
    void readFeed(
      { source, clock, random: this.#random, lookBack: this.#windowLength, sink: this.#readerSink() },
      this.#closing.signal,
    );
  }

  /** Starts to follow from a position, or with a snapshot. The sink may be called before this returns. */
  watch(from: FeedPosition | undefined, sink: WatchSink<Message>): Watch {
    const openedMs = this.#options.clock.monotonic();
    const watcher = new FeedWatcher(sink, from, { openedMs, spread: this.#random() });
    if (this.#closing.signal.aborted) sink.ended('stopping');
    else {
      this.#watchers.add(watcher);
      this.#serve(watcher);
      this.#cancelTick ??= this.#options.clock.after(TICK_MS, () => this.#tick());
    }
    return {
      drained: () => {
        watcher.drained();
        this.#serve(watcher);
      },
      stop: () => void this.#watchers.delete(watcher),
    };
  }

  /** Answers how to end it. */
  subscribe(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): FeedStatus {
    const isConfirmed = this.#confirmedMs > Number.NEGATIVE_INFINITY;
    return {
      epoch: this.#window?.epoch,
      sequence: this.#window?.last ?? 0,
      watchers: this.#watchers.size,
      confirmedMonotonicMs: isConfirmed ? this.#confirmedMs : undefined,
      lagMs: this.#options.clock.monotonic() - this.#confirmedMs,
    };
  }

  /** Ends every watching with `stopping`, and the reading of the store. */
  close(): void {
    this.#closing.abort();
    this.#cancelTick?.();
    this.#snapshots.abandon();
    for (const watcher of [...this.#watchers]) this.#end(watcher, 'stopping');
  }

  #readerSink(): Parameters<typeof readFeed>[0]['sink'] {
    const { encoder, onEvent } = this.#options;
    return {
      began: (position) => {
        this.#window = new FeedWindow(position, this.#windowLength, encoder.change);
        this.#snapshots.abandon();
        // What anyone was told before may be of a past that did not happen, and lack what did.
        for (const watcher of this.#watchers) watcher.restart();
        for (const listener of this.#listeners) listener.began();
        onEvent?.({ kind: 'began', ...position });
      },
      change: (_sequence, revocation) => {
        this.#window?.append(revocation);
        for (const listener of this.#listeners) listener.changed(revocation);
        this.#serveSoon();
      },
      confirmed: (monotonicMs) => {
        this.#confirmedMs = Math.max(this.#confirmedMs, monotonicMs);
        this.#lossTold = false;
        if (!this.#isFollowing) this.#serveSoon();
        this.#isFollowing = true;
      },
      lost: (err) => {
        this.#isFollowing = false;
        if (!this.#lossTold) onEvent?.({ kind: 'lost', err });
        this.#lossTold = true;
      },
      restored: (changes) => onEvent?.({ kind: 'restored', changes }),
    };
  }

  #tick(): void {
    const { clock } = this.#options;
    this.#serveAll();
    const isNeeded = this.#snapshots.release() || this.#watchers.size > 0;
    this.#cancelTick = isNeeded ? clock.after(TICK_MS, () => this.#tick()) : undefined;
  }

  /** Serves all once what is happening has happened: changes that come together are sent together. */
  #serveSoon(): void {
    if (this.#isServingSoon) return;
    this.#isServingSoon = true;
    queueMicrotask(() => {
      this.#isServingSoon = false;
      this.#serveAll();
    });
  }

  #serveAll(): void {
    for (const watcher of this.#watchers) this.#serve(watcher);
  }

  #serve(watcher: FeedWatcher<Message>): void {
    const window = this.#window;
    if (window === undefined || !this.#watchers.has(watcher)) return;
    const nowMs = this.#options.clock.monotonic();
    watcher.settle(window, this.#isFollowing ? this.#confirmedMs : Number.NEGATIVE_INFINITY);
    if (watcher.isWaiting && this.#isFollowing) {
      const snapshot = this.#snapshots.offer(window, this.#confirmedMs);
      if (snapshot !== undefined) watcher.startSnapshot(snapshot);
    }
    if (watcher.snapshot !== undefined) this.#snapshots.used(watcher.snapshot);
    if (!watcher.pump(window, nowMs)) this.#end(watcher, 'slow');
    else if (this.#isFollowing) watcher.beat(window, this.#confirmedMs, nowMs);
  }

  #end(watcher: FeedWatcher<Message>, why: WatchEnd): void {
    this.#watchers.delete(watcher);
    watcher.sink.ended(why);
    if (why === 'slow')
      this.#options.onEvent?.({ kind: 'cut off a slow watcher', watchers: this.#watchers.size });
  }
}
