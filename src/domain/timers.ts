import type { Clock } from './ports.js';

/** A clock that can also wake its owner; injected, so that tests own time as a whole. */
export interface TimedClock extends Clock {
  /** Runs a callback once, after a delay in milliseconds, unless the returned function is called before. */
  after(delayMs: number, run: () => void): () => void;
}
