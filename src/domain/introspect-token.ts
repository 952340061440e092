import type { Call, Caller, GuardedUseCase } from './call.js';
import { invalidRequest } from './errors.js';
import type { ExamineToken } from './examine-token.js';
import type { AuthenticToken } from './token.js';

/** The token if the caller may know that it is good; undefined means inactive, for whatever reason. */
export type Verdict = AuthenticToken | undefined;

export type IntrospectToken = GuardedUseCase<{ readonly token: string }, Verdict>;
export type BatchIntrospectTokens = GuardedUseCase<
  { readonly tokens: readonly string[] },
  readonly Verdict[]
>;

/** The most tokens that may be asked about at once. */
const MAX_BATCH = 100;

/**
 * Tells whether a token is good now (RFC 7662). Starts from inactive; the only way to active is a living token whose
 * audience the caller serves. A caller that does not serve it learns nothing, not even that the token exists.
 */
export function makeIntrospectToken(ports: { examineToken: ExamineToken }): {
  introspectToken: IntrospectToken;
  batchIntrospectTokens: BatchIntrospectTokens;
} {
  const verdict = async (token: string, caller: Caller): Promise<Verdict> => {
    if (token === '') throw invalidRequest('token is missing');
    const alive = await ports.examineToken(token);
    return alive !== undefined && serves(caller, alive.claims.audience) ? alive : undefined;
  };

  const introspectToken = async ({ token }: { readonly token: string }, caller: Caller, call: Call) => {
    const alive = await verdict(token, caller);
    call.facts.active = alive !== undefined;
    if (alive !== undefined) call.facts.tokenId = alive.claims.tokenId;
    return alive;
  };

  return {
    introspectToken,
    batchIntrospectTokens: async ({ tokens }, caller) => {
      if (tokens.length === 0 || tokens.length > MAX_BATCH) {
        throw invalidRequest(`tokens must be 1 to ${MAX_BATCH}`);
      }
      return Promise.all(tokens.map((token) => verdict(token, caller)));
    },
  };
}

const serves = (caller: Caller, audience: string): boolean =>
  caller.servesAudiences.includes('*') || caller.servesAudiences.includes(audience);
