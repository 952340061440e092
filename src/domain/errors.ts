/**
 * Every way in which a call can fail, as one closed list: the README's error table is written from it, and
 * `wire/grpc/status.ts` and `wire/http/status.ts` map each code to their door's words. A code that is added here
 * and forgotten there does not compile.
 */
export type AuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'not_found'
  | 'already_exists'
  | 'conflict'
  | 'slow_down'
  | 'temporarily_unavailable'
  | 'internal';

/**
 * A refusal with a code and a sentence that any caller may read.
 *
 * The sentence never repeats the caller's input and holds only the characters that RFC 6749 section 5.2 allows in
 * `error_description`: printable ASCII without `"` and `\`. What really happened goes into `cause`, which is for the
 * log alone.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: AuthErrorCode;
  /** When the caller may try again, in whole seconds: set for `slow_down` and `temporarily_unavailable`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: AuthErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The request itself is wrong: malformed, missing or repeated parts. */
export const invalidRequest = (message: string): AuthError => new AuthError('invalid_request', message);

/**
 * The one answer to every credential that is no good: unknown, wrong, expired, revoked or deleted look alike, so that
 * nobody learns which client ids exist (RFC 6749 section 5.2).
 */
export const invalidClient = (cause?: unknown): AuthError =>
  new AuthError('invalid_client', 'Client authentication failed.', { cause });

/** The store could not be asked, or its answer is not for sure: never a yes and never a no. */
export const temporarilyUnavailable = (cause?: unknown): AuthError =>
  new AuthError('temporarily_unavailable', 'The service cannot answer for sure right now. Try again.', {
    cause,
    retryAfterSeconds: 1,
  });

export const conflict = (message: string): AuthError => new AuthError('conflict', message);

export const clientNotFound = (): AuthError => new AuthError('not_found', 'There is no such client.');

/** The fixed sentence for everything that is not an {@link AuthError}; the truth is in the log under the request id. */
export const INTERNAL_MESSAGE = 'Something went wrong here. The log has it under the request id.';
