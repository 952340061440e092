import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AccessRule, isSatisfied, requirementFrom, scopesOf } from './access-rule.js';
import { bearerFrom, type Presented } from './bearer-token.js';
import type { Verifier } from './create-verifier.js';
import { type ErrorCode, VerifyError } from './errors.js';
import type { Principal } from './principal.js';
import { attachPrincipal } from './principal-of.js';
import { valuesOf } from './repeated-authorization.js';

export interface HttpGuardOptions {
  /** The scopes that a token needs; by default none, so any valid token will do. */
  readonly scopes?: AccessRule['scopes'];
  /** The realm of the challenge. Default `api`. */
  readonly realm?: string | undefined;
}

/** A guard as Express and Connect take it; in Fastify a hook hands it `request.raw` and `reply.raw`. */
export type HttpGuard = (req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void) => void;

/**
 * Calls `next` only for a request with a token that the verifier accepts and that has the scopes; the handler asks
 * `principalOf(req)`. Refuses in the words of RFC 6750. A token counts in the `Authorization` header alone: one in the
 * query is refused, for URLs end up in logs (RFC 9700 section 4.3.2).
 */
export function httpGuard(verifier: Verifier, options: HttpGuardOptions = {}): HttpGuard {
  const requirement = requirementFrom({ scopes: options.scopes }, 'this guard');
  const { realm = 'api' } = options;
  if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm)) {
    throw new TypeError('realm must be printable ASCII without quotes and backslashes.');
  }
  const challenge = `Bearer realm="${realm}"`;

  return (req, res, next) => {
    const admitted = (principal: Principal): void => {
      if (isSatisfied(requirement, principal.scopes)) {
        attachPrincipal(req, principal);
        next();
      } else {
        answer(res, 403, 'insufficient_scope', challenge, [`scope="${scopesOf(requirement)}"`]);
      }
    };
    const refused = (err: unknown): void => {
      if (!(err instanceof VerifyError)) next(err);
      else if (err.code === 'invalid_token') answer(res, 401, err.code, challenge);
      else {
        res.setHeader('retry-after', String(Math.ceil(err.retryAfterSeconds ?? 1)));
        answer(res, 503, err.code, undefined);
      }
    };
    const presented = presentedBy(req);
    if (presented.kind === 'none') return answer(res, 401, undefined, challenge);
    if (presented.kind === 'malformed') return answer(res, 400, 'invalid_request', challenge);
    const known = verifier.check(presented.token);
    if (known !== undefined) return admitted(known);
    // In two steps, so that what a handler throws inside next() is never taken for the verifier's refusal.
    verifier.verify(presented.token).then(admitted, refused);
  };
}

function presentedBy(req: IncomingMessage & { readonly body?: unknown }): Presented {
  // Node keeps the first of several Authorization headers; what came is in rawHeaders alone.
  const presented = bearerFrom(valuesOf('authorization', req.rawHeaders));
  const elsewhere = hasTokenInQuery(req.url ?? '') || (presented.kind !== 'none' && hasTokenInForm(req));
  return elsewhere ? { kind: 'malformed' } : presented;
}

function hasTokenInQuery(url: string): boolean {
  const at = url.indexOf('?');
  return at >= 0 && new URLSearchParams(url.slice(at)).has('access_token');
}

/** A form that something before us has parsed: the token would come in two ways (RFC 6750 section 2.2). */
function hasTokenInForm({ headers, body }: IncomingMessage & { readonly body?: unknown }): boolean {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
  return isForm && typeof body === 'object' && body !== null && 'access_token' in body;
}

const DESCRIPTIONS: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'The access token is malformed, repeated or sent in more than one way',
  invalid_token: 'The access token is not valid',
  insufficient_scope: 'The access token lacks a scope',
  temporarily_unavailable: 'The access token cannot be checked for sure right now',
};

/** Without a code where there was no token: RFC 6750 section 3.1 wants to tell no more than that one is needed. */
function answer(
  res: ServerResponse,
  httpStatus: number,
  error: ErrorCode | undefined,
  challenge: string | undefined,
  further: readonly string[] = [],
): void {
  const description = error === undefined ? undefined : (DESCRIPTIONS[error] ?? '');
  const parts =
    error === undefined ? [] : [`error="${error}"`, `error_description="${description}"`, ...further];
  if (challenge !== undefined) res.setHeader('www-authenticate', [challenge, ...parts].join(', '));
  res.setHeader('cache-control', 'no-store');
  res.statusCode = httpStatus;
  if (error === undefined) {
    res.end();
    return;
  }
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify({ error, error_description: description }));
}
