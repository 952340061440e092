import type { FastifyReply } from 'fastify';
import { AuthError, type AuthErrorCode, INTERNAL_MESSAGE } from '../../domain/errors.js';
import { HTTP_REFUSALS, type RefusalExceptions } from './status.js';

/** Nothing about a credential or a token may be kept by anybody on the way (RFC 6749 section 5.1). */
export const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' } as const;

/** The type of every body that this server sends. */
export const JSON_TYPE = 'application/json';

const REALM = 'realm="countersign"';

/** What an endpoint adds to how its refusals are told. */
export interface RefusalManner {
  readonly exceptions?: RefusalExceptions;
  /** The scope that a caller needs here, told with `insufficient_scope` (RFC 6750 section 3.1). */
  readonly scope?: string;
}

/** The body of a refusal; the sentences are ours, never the caller's input (RFC 6749 section 5.2). */
export const refusalBody = (error: AuthErrorCode, description: string): string =>
  JSON.stringify({ error, error_description: description });

/** Answers a failed call. What is no {@link AuthError} is told as `internal`, without a word of what it was. */
export function refuse(reply: FastifyReply, error: unknown, manner: RefusalManner = {}): void {
  const { code, message, retryAfterSeconds } = error instanceof AuthError ? error : UNTOLD;
  const refusal = manner.exceptions?.[code] ?? HTTP_REFUSALS[code];
  const told = refusal.error ?? code;

  reply.code(refusal.status).headers(NO_STORE).type(JSON_TYPE);
  if (refusal.challenge === 'Basic') reply.header('www-authenticate', `Basic ${REALM}`);
  if (refusal.challenge === 'Bearer') {
    const scope = told === 'insufficient_scope' && manner.scope !== undefined;
    const details = `error="${told}", error_description="${message}"${scope ? `, scope="${manner.scope}"` : ''}`;
    reply.header('www-authenticate', `Bearer ${REALM}, ${details}`);
  }
  if (refusal.status === 429 || refusal.status === 503) reply.header('retry-after', retryAfterSeconds ?? 1);
  reply.send(refusalBody(told, message));
}

const UNTOLD = { code: 'internal', message: INTERNAL_MESSAGE, retryAfterSeconds: undefined } as const;
