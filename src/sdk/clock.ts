/** Time as this library uses it; injected, so that tests own it. */
export interface Clock {
  /** Milliseconds since 1970, by this machine. */
  now(): number;
  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  monotonic(): number;
  /** Runs a callback once, after a delay in milliseconds, unless the returned function is called before. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's own clock. Its timers keep no process alive: a library must not be why a program does not end. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/** A number from 0 up to but not including 1, as `Math.random`: spreads what many processes would do at once. */
export type Random = () => number;
