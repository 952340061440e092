import type { AuthErrorCode } from '../../domain/errors.js';

/** How a code is told over HTTP. */
export interface HttpRefusal {
  readonly status: number;
  /** What `error` says, where that is not the code itself. */
  readonly error?: AuthErrorCode;
  /** The scheme of `WWW-Authenticate`; every 401 has one (RFC 9110 section 15.5.2). */
  readonly challenge?: 'Basic' | 'Bearer';
}

/**
 * The one table from our codes to HTTP. `not_found`, `already_exists` and `conflict` end no call of an endpoint that
 * there is; they have the status that HTTP names them by.
 */
export const HTTP_REFUSALS: Readonly<Record<AuthErrorCode, HttpRefusal>> = {
  invalid_request: { status: 400 },
  invalid_client: { status: 401, challenge: 'Basic' },
  unauthorized_client: { status: 400 },
  unsupported_grant_type: { status: 400 },
  invalid_scope: { status: 400 },
  invalid_target: { status: 400 },
  invalid_token: { status: 401, challenge: 'Bearer' },
  insufficient_scope: { status: 403, challenge: 'Bearer' },
  not_found: { status: 404 },
  already_exists: { status: 409 },
  conflict: { status: 409 },
  slow_down: { status: 429 },
  temporarily_unavailable: { status: 503 },
  internal: { status: 500 },
};

/** Where an endpoint's own RFC wants a code told otherwise. */
export type RefusalExceptions = Readonly<Partial<Record<AuthErrorCode, HttpRefusal>>>;
