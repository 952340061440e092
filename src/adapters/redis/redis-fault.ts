import { AuthError, temporarilyUnavailable } from '../../domain/errors.js';

const MAX_CAUSE = 300;

/**
 * What a caller hears of anything that goes wrong with Redis: that there is no answer right now. LOADING, BUSY, OOM,
 * MISCONF, READONLY, NOAUTH, CLUSTERDOWN, a timeout or a lost connection all leave open what Redis did or would have
 * said. The reason goes into the cause, for the log.
 */
export const redisFault = (cause: unknown): AuthError =>
  cause instanceof AuthError ? cause : temporarilyUnavailable(withoutArguments(cause));

/**
 * An error with the message of another and nothing else of it: ioredis hangs the command and its arguments on its
 * errors, and these may be a password or somebody's record.
 */
export function withoutArguments(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(message.slice(0, MAX_CAUSE));
}
