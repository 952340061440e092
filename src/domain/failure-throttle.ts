import { AuthError } from './errors.js';

/** The longest wait that is asked for, in seconds: whoever mends a secret should not have to wait much longer. */
const MAX_WAIT_SECONDS = 60;

/** How many failures are let pass before callers are told to slow down, and for how long they are remembered. */
export const FAILURE_LIMITS = {
  windowMs: 60_000,
  /** Of one client id from one address. */
  perClientAndSource: 20,
  /** Of all client ids, and of forged tokens, from one address: many clients may share one. */
  perSource: 200,
} as const;

/**
 * Counts credentials that were no good, so that guessing is slowed down (RFC 6749 section 2.3.1).
 *
 * It is told of failures alone, and only once they are certain. A right secret is never held up or refused for what
 * somebody else did under the same name or from the same address: checking one costs microseconds, and generated ones
 * cannot be guessed at any speed. So what it decides is only how a failure is answered.
 */
export interface FailureThrottle {
  /**
   * Counts one failure; answers for how many seconds to wait, or undefined while few have failed. Must treat ids that
   * exist and ids that do not exactly alike, or it would tell which exist. Must keep bounded memory whatever ids and
   * addresses are made up. Must settle within 50 ms and never reject.
   *
   * @param clientId as presented; undefined for a credential that names no client
   */
  failed(clientId: string | undefined, sourceAddress: string): Promise<number | undefined>;
}

/** How often something failed within the window. */
export interface FailureCounts {
  /** This client id from this address; 0 where no client was named. */
  readonly ofClient: number;
  /** Everything from this address. */
  readonly ofSource: number;
}

/** How long to wait after these failures: nothing up to the limits, then a second, doubled by each further failure. */
export function waitSecondsAfter({ ofClient, ofSource }: FailureCounts): number | undefined {
  const excess = Math.max(ofClient - FAILURE_LIMITS.perClientAndSource, ofSource - FAILURE_LIMITS.perSource);
  return excess <= 0 ? undefined : Math.min(2 ** Math.min(excess - 1, 10), MAX_WAIT_SECONDS);
}

/** Replaces the answer to a failed credential when there were too many. */
export async function refusalOf(
  throttle: FailureThrottle,
  failure: { readonly clientId: string | undefined; readonly sourceAddress: string },
  refusal: AuthError,
): Promise<AuthError> {
  const retryAfterSeconds = await throttle.failed(failure.clientId, failure.sourceAddress);
  return retryAfterSeconds === undefined
    ? refusal
    : new AuthError('slow_down', 'Too many failures from there. Wait before trying again.', {
        retryAfterSeconds,
        cause: refusal,
      });
}
