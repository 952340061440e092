import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { type AccessRule, isSatisfied, type Requirement, requirementFrom } from './access-rule.js';
import { bearerFrom } from './bearer-token.js';
import type { Verifier } from './create-verifier.js';
import { ERROR_CODE_KEY, type ErrorCode, VerifyError } from './errors.js';
import type { Principal } from './principal.js';
import { attachPrincipal } from './principal-of.js';

/** Rules by a method's full path, `/orders.v1.Orders/CreateOrder`, or for a whole service, `/grpc.health.v1.Health/*`. */
export interface MethodRules {
  readonly [path: string]: AccessRule;
}

export interface GrpcGuardOptions {
  readonly rules: MethodRules;
  /** The services that will be served: the guard refuses to be made while one of their methods has no rule. */
  readonly services?: readonly { readonly [name: string]: { readonly path: string } }[] | undefined;
  /** How often the token behind an open stream is checked again. Default 1000. */
  readonly recheckMs?: number | undefined;
}

/**
 * Lets a call through to its handler only with a token that the verifier accepts and that satisfies the method's rule;
 * a method without a rule is refused to everyone. The handler asks `principalOf(call)`. A refusal has the statuses and
 * codes of the service itself, the code in the trailing metadata `countersign-error`, and comes before any message is
 * read. A stream ends when its token does, by time or by revocation.
 *
 * To be the last of a server's interceptors: the principal goes with the metadata object that the handler gets.
 */
export function grpcGuard(verifier: Verifier, options: GrpcGuardOptions): ServerInterceptor {
  const requirementOf = requirementsFrom(options);
  const recheckMs = options.recheckMs ?? 1000;
  return (method, call) => {
    const requirement = requirementOf(method.path);
    const isStream = method.requestStream || method.responseStream;
    let over = false;
    let timer: NodeJS.Timeout | undefined;
    const refuse = (err: unknown): void => {
      if (!over) call.sendStatus(statusFromRefusal(err));
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const admitted = (principal: Principal, token: string): void => {
              attachPrincipal(metadata, principal);
              if (isStream && !over) timer = recheck(verifier, token, recheckMs, refuse);
              pass(metadata);
            };
            if (requirement === undefined) refuse(NO_RULE);
            else if (requirement.public) pass(metadata);
            else authorize(verifier, requirement, metadata, admitted, refuse);
          },
          // Called at every end of a call, not only when the caller gives up.
          onCancel: () => {
            over = true;
            clearInterval(timer);
          },
        }),
    });
  };
}

function requirementsFrom(options: GrpcGuardOptions): (path: string) => Requirement | undefined {
  const requirements = new Map(
    Object.entries(options.rules).map(([path, rule]) => [path, requirementFrom(rule, path)]),
  );
  const requirementOf = (path: string) =>
    requirements.get(path) ?? requirements.get(path.replace(/[^/]*$/, '*'));
  const lacking = (options.services ?? [])
    .flatMap((service) => Object.values(service).map(({ path }) => path))
    .filter((path) => requirementOf(path) === undefined);
  if (lacking.length > 0) throw new TypeError(`These methods have no rule: ${lacking.join(', ')}.`);
  return requirementOf;
}

function authorize(
  verifier: Verifier,
  requirement: Requirement,
  metadata: Metadata,
  admitted: (principal: Principal, token: string) => void,
  refuse: (err: unknown) => void,
): void {
  const presented = bearerFrom(metadata.get('authorization').map(String));
  if (presented.kind !== 'token') {
    refuse(presented.kind === 'none' ? NO_TOKEN : MALFORMED);
    return;
  }
  const { token } = presented;
  const decide = (principal: Principal): void => {
    if (isSatisfied(requirement, principal.scopes)) admitted(principal, token);
    else refuse(TOO_SMALL);
  };
  // Straight on for a token seen before: most calls wait for nothing.
  const known = verifier.check(token);
  if (known !== undefined) decide(known);
  else verifier.verify(token).then(decide, refuse);
}

/** Ends the stream once its token is dead for sure; a verifier that is unsure for a moment breaks no stream. */
function recheck(
  verifier: Verifier,
  token: string,
  everyMs: number,
  refuse: (err: unknown) => void,
): NodeJS.Timeout {
  return setInterval(() => {
    if (verifier.check(token) !== undefined) return;
    verifier.verify(token).catch((err: unknown) => {
      if (err instanceof VerifyError && err.code === 'invalid_token') refuse(err);
    });
  }, everyMs).unref();
}

/** A refusal that is not the verifier's. */
interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

const NO_TOKEN: Refusal = { code: 'invalid_token', message: 'This call needs an access token.' };
const MALFORMED: Refusal = {
  code: 'invalid_request',
  message: 'The authorization is malformed or repeated.',
};
const TOO_SMALL: Refusal = { code: 'insufficient_scope', message: 'The access token lacks a scope.' };
const NO_RULE: Refusal = { code: 'insufficient_scope', message: 'Nobody may call this.' };

/** PROTOCOL.md row R7, and the service's own table. */
const STATUS: Partial<Record<ErrorCode, status>> = {
  invalid_token: status.UNAUTHENTICATED,
  invalid_request: status.INVALID_ARGUMENT,
  insufficient_scope: status.PERMISSION_DENIED,
  temporarily_unavailable: status.UNAVAILABLE,
};

/** Whatever went wrong, the call is refused; what is no refusal of ours is not told to the caller. */
function statusFromRefusal(err: unknown): StatusObject {
  const { code, message } = isRefusal(err)
    ? err
    : { code: 'internal' as const, message: 'The guard failed.' };
  const metadata = new Metadata();
  metadata.set(ERROR_CODE_KEY, code);
  if (err instanceof VerifyError && err.retryAfterSeconds !== undefined) {
    metadata.set('retry-after', String(Math.ceil(err.retryAfterSeconds)));
  }
  return { code: STATUS[code] ?? status.INTERNAL, details: message, metadata };
}

const isRefusal = (err: unknown): err is Refusal =>
  err instanceof VerifyError || err === NO_TOKEN || err === MALFORMED || err === TOO_SMALL || err === NO_RULE;
