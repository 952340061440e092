import { LRUCache } from 'lru-cache';
import { FAILURE_LIMITS, type FailureCounts, waitSecondsAfter } from '../../domain/failure-throttle.js';

/** How many addresses are remembered; the one that has been quiet longest makes room. About 3 MB when full. */
const MAX_SOURCES = 10_000;

/**
 * Among how many counters the client ids of one address are spread. Ids share one by their hash, whether they exist or
 * not, so an address can take up only so much memory, and what it is told gives no id away. Two clients that share one
 * share their failures, not their successes.
 */
export const SLOTS = 64;

const MAX_COUNT = 0xffff;

/** What one address did within the window. */
interface Tally {
  readonly slots: Uint16Array;
  total: number;
  forgetAtMs: number;
}

/** Failures by address and client, in memory that is bounded whatever is made up. */
export class FailureLedger {
  readonly #tallies = new LRUCache<string, Tally>({ max: MAX_SOURCES });

  /** Adds one failure and answers how many there are now. */
  add(source: string, slot: number | undefined, nowMs: number): FailureCounts {
    return this.#raise(source, slot, nowMs, (count) => count + 1);
  }

  /** Takes over what others counted, where that is more. */
  merge(source: string, slot: number | undefined, counts: FailureCounts, nowMs: number): void {
    const { ofClient, ofSource } = counts;
    this.#raise(source, slot, nowMs, (count, isTotal) => Math.max(count, isTotal ? ofSource : ofClient));
  }

  get size(): number {
    return this.#tallies.size;
  }

  #raise(
    source: string,
    slot: number | undefined,
    nowMs: number,
    next: (count: number, isTotal: boolean) => number,
  ): FailureCounts {
    const tally = this.#tallyOf(source, nowMs);
    tally.total = Math.min(next(tally.total, true), MAX_COUNT);
    let ofClient = 0;
    if (slot !== undefined) {
      ofClient = Math.min(next(tally.slots[slot] ?? 0, false), MAX_COUNT);
      tally.slots[slot] = ofClient;
    }
    const counts = { ofClient, ofSource: tally.total };
    // Whoever waits as long as asked and fails again has to find the count where it was.
    const wait = waitSecondsAfter(counts);
    if (wait !== undefined) {
      tally.forgetAtMs = Math.max(tally.forgetAtMs, nowMs + wait * 1000 + FAILURE_LIMITS.windowMs);
    }
    return counts;
  }

  #tallyOf(source: string, nowMs: number): Tally {
    const known = this.#tallies.get(source);
    if (known !== undefined && nowMs < known.forgetAtMs) return known;
    const fresh = {
      slots: new Uint16Array(SLOTS),
      total: 0,
      forgetAtMs: nowMs + FAILURE_LIMITS.windowMs,
    };
    this.#tallies.set(source, fresh);
    return fresh;
  }
}

/** Which counter a client id belongs to (FNV-1a): the same on every server. */
export function slotOf(clientId: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < clientId.length; index += 1) {
    hash = Math.imul(hash ^ clientId.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % SLOTS;
}
