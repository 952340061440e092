import type { Clock, KeyRing, RevocationLedger, TokenCodec } from './ports.js';
import { type AuthenticToken, type ClaimedToken, isTimely } from './token.js';

/**
 * Begins to examine a token: asks the store, so that the question shares the round trip of whatever else is asked in
 * this turn, such as who the caller is. What it returns finishes, which costs a signature check.
 */
export type ExamineToken = (token: string) => FinishExamining;

/** Answers the token's content if it may be accepted now, else undefined; fails only when the store cannot tell. */
export type FinishExamining = () => Promise<AuthenticToken | undefined>;

/** Whether the token may be accepted now if it is authentic; fails only when the store cannot tell. */
export type IsAlive = (token: ClaimedToken) => Promise<boolean>;

/**
 * The one path on which a token is found alive: authentic, timely, of a living generation, not revoked by its id,
 * and signed by a key that still counts. Everything else is undefined.
 *
 * The store is asked by what the token says of itself; what it answers counts only once the signature is good. To check
 * that costs a hundred times more, and is for callers who have said who they are.
 */
export function makeExamineToken(ports: { codec: Pick<TokenCodec, 'read'>; isAlive: IsAlive }): ExamineToken {
  const { codec, isAlive } = ports;

  return (token) => {
    const reading = codec.read(token);
    const early = reading.claimed && isAlive(reading.claimed);
    early?.catch(() => undefined);
    return async () => {
      const proof = reading.prove();
      const authentic = proof instanceof Promise ? await proof : proof;
      return authentic !== undefined && (await (early ?? isAlive(authentic))) ? authentic : undefined;
    };
  };
}

export function makeIsAlive(ports: { ledger: RevocationLedger; keys: KeyRing; clock: Clock }): IsAlive {
  const { ledger, keys, clock } = ports;

  return async ({ claims, keyId }) => {
    if (!isTimely(claims, clock.now())) return false;
    const look = await ledger.look(claims.clientId, claims.tokenId);
    if (claims.generation < look.generation || look.tokenRevoked) return false;
    return keys.trusts(keyId, look.ringVersion);
  };
}
