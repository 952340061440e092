/** How long a connection's turn lasts: longer than most callers wait, so that those who wait longest are past. */
const TURN_MS = 2000;
/** From one turn to the next that is tried without, at most. */
const TRY_AGAIN_MS = 20_000;
/** So long everybody has had a turn at once before there are no turns any more. */
const CALM_MS = 1000;

/**
 * Whose turn it is, when more calls come than can be answered and not only many at once.
 *
 * Callers' own queues are first come, first served. Were each connection given its share, each call would wait there
 * for as long as its caller does, and be answered too late: everybody is served, and nobody gets anything. So some
 * connections are served wholly and the others not at all, for a second, and then others. The connections lie on a
 * ring, and a part of it, which wanders round, has its turn.
 */
export class Turns {
  readonly #endsMs: number;
  #nowMs: number;
  #share = 0.5;
  #from = 0;
  #allSinceMs: number | undefined;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
    this.#endsMs = nowMs + TRY_AGAIN_MS;
  }

  /** Whether it is time to see how it goes without. */
  get areOver(): boolean {
    const isCalm = this.#allSinceMs !== undefined && this.#nowMs - this.#allSinceMs >= CALM_MS;
    return isCalm || this.#nowMs >= this.#endsMs;
  }

  /** The part of all connections that have their turn. */
  get share(): number {
    return this.#share;
  }

  /** Whether it is the turn of who is at this place of the ring, from 0 to 1. */
  has(place: number): boolean {
    return this.#share >= 1 || (place - this.#from + 1) % 1 < this.#share;
  }

  /** Time has passed: gives more or fewer their turn as there is room, and moves on. */
  pass(nowMs: number, room: 'none' | 'some' | 'much'): void {
    const passedMs = nowMs - this.#nowMs;
    this.#nowMs = nowMs;
    if (room === 'none') this.#share = Math.max(0.001, this.#share * 0.7);
    else if (room === 'much') this.#share = Math.min(1, this.#share * 1.1);
    if (this.#share < 1) this.#allSinceMs = undefined;
    else this.#allSinceMs ??= nowMs;
    this.#from = (this.#from + (this.#share * passedMs) / TURN_MS) % 1;
  }
}
