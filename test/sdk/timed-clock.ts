import type { Clock } from '../../src/sdk/clock.js';

/** A clock with timers that stands still until told to move. */
export interface TimedClock extends Clock {
  /** Moves both times forward and runs what falls due, in its order and at its time. */
  advance(ms: number): void;
  /** Sets the time of day alone, as an operator might. */
  setNow(nowMs: number): void;
  /** Moves the monotonic clock alone, as if this machine had counted more time than the other. */
  skewMonotonic(ms: number): void;
  /** Timers that are waiting. */
  readonly pending: number;
}

/** Starts at 2030-01-01. */
export function timedClock(): TimedClock {
  let nowMs = Date.UTC(2030, 0, 1);
  let monotonicMs = 10_000;
  const timers = new Set<{ readonly dueMs: number; readonly run: () => void }>();
  const earliestBy = (limitMs: number) =>
    [...timers].filter((timer) => timer.dueMs <= limitMs).sort((a, b) => a.dueMs - b.dueMs)[0];
  const moveTo = (ms: number) => {
    nowMs += Math.max(0, ms - monotonicMs);
    monotonicMs = Math.max(monotonicMs, ms);
  };
  return {
    now: () => nowMs,
    monotonic: () => monotonicMs,
    after(delayMs, run) {
      const timer = { dueMs: monotonicMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const untilMs = monotonicMs + ms;
      for (let due = earliestBy(untilMs); due !== undefined; due = earliestBy(untilMs)) {
        timers.delete(due);
        moveTo(due.dueMs);
        due.run();
      }
      moveTo(untilMs);
    },
    setNow(ms) {
      nowMs = ms;
    },
    skewMonotonic(ms) {
      monotonicMs += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}
