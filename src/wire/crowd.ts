import { AuthError } from '../domain/errors.js';
import type { RpcName } from '../domain/permission.js';

/** How many calls may be under way at once, and how many may wait for that. */
export interface CrowdLimits {
  readonly maxCalls: number;
  /** Places beyond that which only revocations may take. */
  readonly reserve: number;
  readonly maxWaiting: number;
  /** The longest that anybody waits; who comes when half of that is waited for is turned away at once. */
  readonly maxWaitMs: number;
}

/** Below the thousand that may wait for Redis at once, reserve included. */
export const DEFAULT_CROWD: CrowdLimits = { maxCalls: 256, reserve: 128, maxWaiting: 2048, maxWaitMs: 500 };

/** What has to get through when nothing else does: whoever revokes in an emergency must not stand in a queue. */
const URGENT: ReadonlySet<string> = new Set<RpcName>([
  'RevokeToken',
  'RevokeTokenById',
  'RevokeClient',
  'RevokeClientTokens',
  'RevokeClientSecret',
  'RevokeSigningKey',
  'DeleteClient',
]);

export const isUrgent = (rpc: string): boolean => URGENT.has(rpc);

/** What everybody is told who finds no room. One for all: an error made for each would cost more than to answer some. */
export const TOO_MANY = new AuthError('slow_down', 'Too many calls are under way. Try again.', {
  retryAfterSeconds: 1,
});

/**
 * Lets in no more calls at once than are answered in time; the others wait in line for a moment, revocations before all.
 * Both doors share one.
 *
 * Waiting costs nothing, and whoever waits asks nothing more, while a refusal costs a good part of an answer. So there
 * is a line at all; but it is short, since a caller whose turn comes after it gave up was served for nothing. Who would
 * wait too long, or be too many in line, is told `slow_down`.
 */
export class Crowd {
  readonly #limits: CrowdLimits;
  #inside = 0;
  readonly #line = new Line();
  readonly #urgent = new Line();

  constructor(limits: CrowdLimits = DEFAULT_CROWD) {
    this.#limits = limits;
  }

  /** How many are under way. */
  get inside(): number {
    return this.#inside;
  }

  /** How many wait, revocations aside. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Whether someone who is not urgent and comes now would have to wait for too long. */
  get isTurningAway(): boolean {
    const { first, length } = this.#line;
    if (first === undefined) return false;
    return length >= this.#limits.maxWaiting || first.ageMs > this.#limits.maxWaitMs / 2;
  }

  /** Whether the call may come in at once; if so, {@link leave} has to follow. */
  enter(urgent: boolean): boolean {
    const { maxCalls, reserve } = this.#limits;
    const isFull = urgent
      ? this.#inside >= maxCalls + reserve
      : this.#inside >= maxCalls || this.#line.length > 0;
    if (!isFull) this.#inside += 1;
    return !isFull;
  }

  /** Waits for a place; {@link leave} has to follow. Fails with `slow_down`, or as {@link leave} says. */
  wait(urgent: boolean): Promise<void> {
    const isTooLong = urgent ? this.#urgent.length >= this.#limits.maxWaiting : this.isTurningAway;
    if (isTooLong) return Promise.reject(TOO_MANY);
    return new Promise((resolve, reject) => {
      (urgent ? this.#urgent : this.#line).add(new Waiting(resolve, reject));
    });
  }

  /** A call ended. When it failed for want of the store, those in line fail likewise: they would wait for nothing. */
  leave(failure?: AuthError): void {
    this.#inside -= 1;
    if (this.#line.length === 0 && this.#urgent.length === 0) return;
    if (failure !== undefined) {
      for (const { reject } of [...this.#urgent.takeAll(), ...this.#line.takeAll()]) reject(failure);
      return;
    }
    const { maxCalls, reserve } = this.#limits;
    this.#letIn(this.#urgent, maxCalls + reserve);
    this.#letIn(this.#line, maxCalls);
  }

  #letIn(line: Line, places: number): void {
    while (this.#inside < places) {
      const next = line.take();
      if (next === undefined) return;
      if (next.ageMs > this.#limits.maxWaitMs) {
        next.reject(TOO_MANY);
        continue;
      }
      this.#inside += 1;
      next.resolve();
    }
  }
}

class Waiting {
  readonly resolve: () => void;
  readonly reject: (reason: AuthError) => void;
  readonly #sinceMs = performance.now();

  constructor(resolve: () => void, reject: (reason: AuthError) => void) {
    this.resolve = resolve;
    this.reject = reject;
  }

  get ageMs(): number {
    return performance.now() - this.#sinceMs;
  }
}

/** First come, first served. */
class Line {
  #all: Waiting[] = [];
  /** Where it begins: those before have gone. */
  #from = 0;

  get length(): number {
    return this.#all.length - this.#from;
  }

  get first(): Waiting | undefined {
    return this.#all[this.#from];
  }

  add(one: Waiting): void {
    this.#all.push(one);
  }

  take(): Waiting | undefined {
    const one = this.#all[this.#from];
    if (one === undefined) return undefined;
    this.#from += 1;
    if (this.#from > 1024 || this.#from === this.#all.length) {
      this.#all.splice(0, this.#from);
      this.#from = 0;
    }
    return one;
  }

  takeAll(): Waiting[] {
    const all = this.#all.slice(this.#from);
    this.#all = [];
    this.#from = 0;
    return all;
  }
}
