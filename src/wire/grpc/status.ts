import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { AuthError, type AuthErrorCode, INTERNAL_MESSAGE } from '../../domain/errors.js';

/** The one table from our codes to gRPC's. */
export const GRPC_STATUS: Readonly<Record<AuthErrorCode, status>> = {
  invalid_request: status.INVALID_ARGUMENT,
  invalid_client: status.UNAUTHENTICATED,
  unauthorized_client: status.PERMISSION_DENIED,
  unsupported_grant_type: status.INVALID_ARGUMENT,
  invalid_scope: status.INVALID_ARGUMENT,
  invalid_target: status.INVALID_ARGUMENT,
  invalid_token: status.UNAUTHENTICATED,
  insufficient_scope: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  conflict: status.ABORTED,
  slow_down: status.RESOURCE_EXHAUSTED,
  temporarily_unavailable: status.UNAVAILABLE,
  internal: status.INTERNAL,
};

/** Trailing metadata that names the error by our stable code. */
export const ERROR_KEY = 'countersign-error';
/** Metadata that names the call, in both directions. */
export const REQUEST_ID_KEY = 'x-request-id';

/** A call that nobody waits for any more: cancelled, or past its deadline. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

/** How a failed call ends: for its caller, and for the observer. */
export interface Ending {
  readonly status: StatusObject;
  readonly code: AuthErrorCode | 'cancelled';
  /** What really happened, where the caller is not told. */
  readonly cause?: unknown;
}

/**
 * Whatever a call failed with, as its ending. Only an {@link AuthError}'s own sentence reaches the caller: grpc-js
 * itself would send any error's message, and some of them hold addresses and passwords.
 */
export function endingOf(error: unknown, requestId: string): Ending {
  const metadata = new Metadata();
  metadata.set(REQUEST_ID_KEY, requestId);

  if (error instanceof Abandoned) {
    const details = 'The deadline has passed.';
    return { status: { code: status.DEADLINE_EXCEEDED, details, metadata }, code: 'cancelled' };
  }
  if (!(error instanceof AuthError)) {
    metadata.set(ERROR_KEY, 'internal');
    return {
      status: { code: status.INTERNAL, details: INTERNAL_MESSAGE, metadata },
      code: 'internal',
      cause: error,
    };
  }

  const { code, message, retryAfterSeconds, cause } = error;
  metadata.set(ERROR_KEY, code);
  if (retryAfterSeconds !== undefined) {
    metadata.set('retry-after', String(retryAfterSeconds));
    // The same for those callers who leave retrying to gRPC (gRFC A6).
    metadata.set('grpc-retry-pushback-ms', String(retryAfterSeconds * 1000));
  }
  return {
    status: { code: GRPC_STATUS[code], details: message, metadata },
    code,
    ...(cause === undefined ? {} : { cause }),
  };
}
