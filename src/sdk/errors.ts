import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { AuthErrorCode } from '../domain/errors.js';

/** The stable codes of the service; its README lists them with their meanings. */
export type ErrorCode = AuthErrorCode;

/**
 * What goes wrong in this library, with the stable code that the service gave or would give. The message holds no
 * token and no secret; `cause` is for the log.
 */
export class CountersignError extends Error {
  override readonly name: string = 'CountersignError';
  readonly code: ErrorCode;
  /** When trying again may help, in seconds from now. Undefined: not told. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Why a token was refused, for logs and metrics; a caller is told the code alone. */
export type RefusalReason =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'expired'
  | 'not_yet_valid'
  | 'client_revoked'
  | 'token_revoked'
  | 'key_revoked'
  | 'inactive'
  | 'stale'
  | 'no_keys'
  | 'overloaded'
  | 'closed';

/** The verifier's no: `invalid_token` is final for this token, `temporarily_unavailable` says nothing about it. */
export class VerifyError extends CountersignError {
  override readonly name = 'VerifyError';
  declare readonly code: 'invalid_token' | 'temporarily_unavailable';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    const [code, message] = REFUSALS[reason];
    super(code, message, code === 'invalid_token' ? options : { retryAfterSeconds: 1, ...options });
    this.reason = reason;
  }
}

/** One sentence for every token that is no good: whoever probes with tokens learns nothing from it. */
const INVALID = ['invalid_token', 'The access token is not valid.'] as const;
const UNSURE = ['temporarily_unavailable', 'The access token cannot be checked for sure right now.'] as const;

const REFUSALS: Record<RefusalReason, typeof INVALID | typeof UNSURE> = {
  malformed: INVALID,
  unknown_key: INVALID,
  bad_signature: INVALID,
  wrong_issuer: INVALID,
  wrong_audience: INVALID,
  expired: INVALID,
  not_yet_valid: INVALID,
  client_revoked: INVALID,
  token_revoked: INVALID,
  key_revoked: INVALID,
  inactive: INVALID,
  stale: UNSURE,
  no_keys: UNSURE,
  overloaded: UNSURE,
  closed: UNSURE,
};

/** The trailing metadata entry that carries the stable code beside the gRPC status. */
export const ERROR_CODE_KEY = 'countersign-error';

const CODES: Record<ErrorCode, true> = {
  invalid_request: true,
  invalid_client: true,
  unauthorized_client: true,
  unsupported_grant_type: true,
  invalid_scope: true,
  invalid_target: true,
  invalid_token: true,
  insufficient_scope: true,
  not_found: true,
  already_exists: true,
  conflict: true,
  slow_down: true,
  temporarily_unavailable: true,
  internal: true,
};

export const isErrorCode = (text: unknown): text is ErrorCode =>
  typeof text === 'string' && Object.hasOwn(CODES, text);

/** What a status means when something between us and the service answered, and so no stable code came with it. */
const CODE_OF_STATUS: Partial<Record<status, ErrorCode>> = {
  [status.UNAVAILABLE]: 'temporarily_unavailable',
  [status.DEADLINE_EXCEEDED]: 'temporarily_unavailable',
  [status.CANCELLED]: 'temporarily_unavailable',
  [status.RESOURCE_EXHAUSTED]: 'slow_down',
  [status.UNAUTHENTICATED]: 'invalid_client',
  [status.PERMISSION_DENIED]: 'insufficient_scope',
  [status.INVALID_ARGUMENT]: 'invalid_request',
};

/** Whatever a call to the service threw, as our own error, with the service's retry hint. */
export function errorFromService(err: unknown): CountersignError {
  if (err instanceof CountersignError) return err;
  if (!isServiceError(err)) {
    return new CountersignError('internal', 'The service could not be called.', { cause: err });
  }
  const told = err.metadata.get(ERROR_CODE_KEY)[0];
  const code = isErrorCode(told) ? told : (CODE_OF_STATUS[err.code] ?? 'internal');
  return new CountersignError(code, err.details, {
    cause: err,
    retryAfterSeconds: retryAfterFromMetadata(err.metadata),
  });
}

export const isServiceError = (err: unknown): err is ServiceError =>
  err instanceof Error && 'code' in err && 'metadata' in err && err.metadata instanceof Metadata;

/**
 * The hint in trailing metadata: `grpc-retry-pushback-ms` as in gRPC's retry design, or `retry-after` in whole
 * seconds as in HTTP.
 */
function retryAfterFromMetadata(metadata: Metadata): number | undefined {
  const [pushback] = metadata.get('grpc-retry-pushback-ms');
  if (typeof pushback === 'string' && /^\d{1,9}$/.test(pushback)) return Number(pushback) / 1000;
  const [retryAfter] = metadata.get('retry-after');
  return typeof retryAfter === 'string' && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined;
}
