import { AuthError } from '../../domain/errors.js';
import type { RpcName } from '../../domain/permission.js';

/** How many calls may be under way at once, and how many may wait for that. */
export interface CrowdLimits {
  readonly maxCalls: number;
  /** Places beyond that which only revocations may take. */
  readonly reserve: number;
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

interface Waiting {
  readonly sinceMs: number;
  readonly resolve: () => void;
  readonly reject: (reason: AuthError) => void;
}

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

/**
 * Lets in no more calls at once than are answered in time; the others wait in line for a moment, revocations before all.
 *
 * Waiting costs nothing, and whoever waits asks nothing more; a refusal costs about what an answer does, so that callers
 * who come back at once would leave no time for answers. (Measured with 2000 calls at once, without end: refusing what is
 * beyond 256 left a sixth of the capacity, letting all in a quarter, this a half, and revocations take 0.2 s.) Who waited too long, or would be too many in line, is told `slow_down`.
 */
export class Crowd {
  readonly #limits: CrowdLimits;
  #inside = 0;
  #line: Waiting[] = [];
  /** Where the line begins: those before it have gone. */
  #first = 0;

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  /** Whether the call may come in at once; if so, {@link leave} has to follow. */
  enter(urgent: boolean): boolean {
    const { maxCalls, reserve } = this.#limits;
    const isFull = urgent
      ? this.#inside >= maxCalls + reserve
      : this.#inside >= maxCalls || this.#first < this.#line.length;
    if (!isFull) this.#inside += 1;
    return !isFull;
  }

  /** Waits for a place; {@link leave} has to follow. Fails with `slow_down`, or as {@link leave} says. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#line.length - this.#first >= this.#limits.maxWaiting) reject(tooMany());
      else this.#line.push({ sinceMs: performance.now(), resolve, reject });
    });
  }

  /** A call ended. When it failed for want of the store, those in line fail likewise: they would wait for nothing. */
  leave(failure?: AuthError): void {
    this.#inside -= 1;
    if (failure !== undefined) {
      const waiting = this.#line.slice(this.#first);
      this.#line = [];
      this.#first = 0;
      for (const { reject } of waiting) reject(failure);
      return;
    }
    const { maxCalls, maxWaitMs } = this.#limits;
    while (this.#inside < maxCalls) {
      const next = this.#line[this.#first];
      if (next === undefined) break;
      this.#first += 1;
      if (performance.now() - next.sinceMs > maxWaitMs) {
        next.reject(tooMany());
        continue;
      }
      this.#inside += 1;
      next.resolve();
    }
    if (this.#first > 1024 || this.#first === this.#line.length) {
      this.#line.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

const tooMany = (): AuthError =>
  new AuthError('slow_down', 'Too many calls are under way. Try again.', { retryAfterSeconds: 1 });
