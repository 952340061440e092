import { FeedTail } from './feed-tail.js';
import { FeedBroken, type FeedPosition, type FeedSink, type FeedSource } from './ports.js';
import type { TimedClock } from './timers.js';

/** What the reader tells, besides the changes. Sequences are dense from where it last `began`. */
export interface FeedReaderSink extends FeedSink {
  /** The feed is read from this position on; what was told before is of another life of the store. */
  began(position: FeedPosition): void;
  /** Nothing is known of the store until the next confirmation. */
  lost(why: unknown): void;
  /** After a break this many changes were put back into the store, as far as it lacked them. */
  restored(changes: number): void;
}

export interface FeedReaderOptions {
  readonly source: FeedSource;
  readonly clock: TimedClock;
  readonly random: () => number;
  /** How far before the newest change to begin, so that readers who come from another server can resume here. */
  readonly lookBack: number;
  readonly sink: FeedReaderSink;
}

/** How far back a failover may reach: a store that lost its master is in use again, or given up, within this time. */
const RESTORED_MS = 60_000;
const FIRST_PAUSE_MS = 50;
/** Short, because after a failover no token is called active before this has been there. */
const LONGEST_PAUSE_MS = 300;

/**
 * Reads the store's feed for as long as the signal lets it: the one reader of a server, however many watch.
 *
 * When the store is lost it comes back to the position where it was. When the feed is broken (another epoch, or trimmed
 * past our position), the store may have forgotten what it had acknowledged: then all that was seen in the minute
 * before is put back first, and only then is the feed begun anew.
 */
export async function readFeed(options: FeedReaderOptions, signal: AbortSignal): Promise<void> {
  const { source, clock, random, lookBack, sink } = options;
  const tail = new FeedTail();
  let position: FeedPosition | undefined;
  let failures = 0;
  let broken = false;
  let isProven = true;

  const begin = async (): Promise<FeedPosition> => {
    const lost = broken ? tail.all() : [];
    if (lost.length > 0) {
      await source.merge(lost);
      sink.restored(lost.length);
    }
    broken = false;
    const { position: newest } = await source.snapshot();
    // Where the last beginning led to no confirmation, what broke it lies behind us and would be met again.
    const sequence = isProven ? Math.max(0, newest.sequence - lookBack) : newest.sequence;
    isProven = false;
    return { epoch: newest.epoch, sequence };
  };

  const follow = async (from: FeedPosition): Promise<never> => {
    const { epoch } = from;
    let { sequence } = from;
    let over = false;
    try {
      return await source.follow(
        from,
        {
          change(found, revocation) {
            if (over) return;
            if (found !== sequence + 1) throw new FeedBroken('The store has skipped or repeated a change.');
            sequence = found;
            position = { epoch, sequence };
            tail.note(revocation, clock.monotonic());
            sink.change(sequence, revocation);
          },
          confirmed(monotonicMs) {
            if (over) return;
            failures = 0;
            isProven = true;
            tail.forgetBefore(monotonicMs - RESTORED_MS);
            sink.confirmed(monotonicMs);
          },
        },
        signal,
      );
    } finally {
      over = true;
    }
  };

  while (!signal.aborted) {
    try {
      if (position === undefined) {
        const start = await begin();
        if (signal.aborted) return;
        position = start;
        sink.began(start);
      }
      await follow(position);
    } catch (why) {
      if (signal.aborted) return;
      if (why instanceof FeedBroken) {
        position = undefined;
        broken = true;
      }
      sink.lost(why);
      failures += 1;
      if (failures > 1 || !(why instanceof FeedBroken)) await pause(clock, pauseMs(failures, random), signal);
    }
  }
}

const pauseMs = (failures: number, random: () => number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + random() / 2);

/** Settles after the delay, or when the signal is aborted. */
function pause(clock: TimedClock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
