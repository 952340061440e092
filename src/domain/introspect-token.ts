import type { Admit } from './admit.js';
import type { Caller, GuardedUseCase, UseCase } from './call.js';
import { invalidRequest } from './errors.js';
import type { ExamineToken } from './examine-token.js';
import type { AuthenticToken } from './token.js';

/** The token if the caller may know that it is good; undefined means inactive, for whatever reason. */
export type Verdict = AuthenticToken | undefined;

export type IntrospectToken = UseCase<{ readonly token: string }, Verdict>;
export type BatchIntrospectTokens = GuardedUseCase<
  { readonly tokens: readonly string[] },
  readonly Verdict[]
>;

/** The most tokens that may be asked about at once. */
const MAX_BATCH = 100;
/** How many of them are examined at once, so that a few such calls cannot take all places in the queue to the store. */
const AT_ONCE = 16;

/**
 * Tells whether a token is good now (RFC 7662). Starts from inactive; the only way to active is a living token whose
 * audience the caller serves. A caller that does not serve it learns nothing, not even that the token exists.
 */
export function makeIntrospectToken(ports: { admit: Admit; examineToken: ExamineToken }): {
  introspectToken: IntrospectToken;
  batchIntrospectTokens: BatchIntrospectTokens;
} {
  const { admit, examineToken } = ports;

  const introspectToken: IntrospectToken = async ({ token }, call) => {
    // Whoever has not said who they are gets no further than this.
    const finish = examineToken(token);
    const caller = await admit('IntrospectToken', call);
    if (token === '') throw invalidRequest('token is missing');
    const verdict = verdictFor(caller, await finish());
    call.facts.active = verdict !== undefined;
    if (verdict !== undefined) call.facts.tokenId = verdict.claims.tokenId;
    return verdict;
  };

  return {
    introspectToken,
    batchIntrospectTokens: async ({ tokens }, caller) => {
      if (tokens.length === 0 || tokens.length > MAX_BATCH) {
        throw invalidRequest(`tokens must be 1 to ${MAX_BATCH}`);
      }
      if (tokens.includes('')) throw invalidRequest('a token is missing');
      const verdicts: Verdict[] = [];
      for (let from = 0; from < tokens.length; from += AT_ONCE) {
        const examined = tokens.slice(from, from + AT_ONCE).map((token) => examineToken(token)());
        verdicts.push(...(await Promise.all(examined)).map((alive) => verdictFor(caller, alive)));
      }
      return verdicts;
    },
  };
}

const verdictFor = (caller: Caller, alive: AuthenticToken | undefined): Verdict =>
  alive !== undefined && serves(caller, alive.claims.audience) ? alive : undefined;

const serves = (caller: Caller, audience: string): boolean =>
  caller.servesAudiences.includes('*') || caller.servesAudiences.includes(audience);
