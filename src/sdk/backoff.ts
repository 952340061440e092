import type { Random } from './clock.js';

/** The longest that a server's retry hint is believed: a mistaken one must not switch a service off for a day. */
const LONGEST_HINT_MS = 300_000;

/**
 * How long to wait before the next try: doubling from `firstMs` up to `capMs`, each wait drawn from its upper half so
 * that clients which failed together do not come back together. A server's hint is a floor, also jittered upward.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #capMs: number;
  readonly #random: Random;
  #failures = 0;

  constructor(options: { firstMs: number; capMs: number; random: Random }) {
    this.#firstMs = options.firstMs;
    this.#capMs = options.capMs;
    this.#random = options.random;
  }

  /** Consecutive failures so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Notes a failure; answers the wait in milliseconds. */
  failed(retryAfterSeconds?: number): number {
    const ceilingMs = Math.min(this.#capMs, this.#firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const waitMs = ceilingMs * (0.5 + this.#random() / 2);
    if (retryAfterSeconds === undefined) return waitMs;
    const hintMs = Math.min(retryAfterSeconds * 1000, LONGEST_HINT_MS);
    return Math.max(waitMs, hintMs * (1 + this.#random() / 10));
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
