import type { Clock } from '../../src/domain/ports.js';

/** A clock that stands still until told to move. */
export interface ManualClock extends Clock {
  /** Moves both times forward. */
  advance(ms: number): void;
  /** Sets the time of day alone, as an operator might: it may jump back. */
  setNow(nowMs: number): void;
}

/** Starts at 2030-01-01, unless told otherwise. */
export function manualClock(startMs = Date.UTC(2030, 0, 1)): ManualClock {
  let nowMs = startMs;
  let monotonicMs = 1000;
  return {
    now: () => nowMs,
    monotonic: () => monotonicMs,
    advance: (ms) => {
      nowMs += ms;
      monotonicMs += ms;
    },
    setNow: (ms) => {
      nowMs = ms;
    },
  };
}
