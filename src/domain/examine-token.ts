import type { Clock, KeyRing, RevocationLedger, TokenCodec } from './ports.js';
import { type AuthenticToken, type ClaimedToken, isTimely } from './token.js';

/**
 * The token's content if it may be accepted now, else undefined. Fails when the store cannot tell, and as `admitted`
 * does, before which no signature is checked.
 */
export type ExamineToken = (
  token: string,
  admitted?: Promise<unknown>,
) => Promise<AuthenticToken | undefined>;

/** Whether the token may be accepted now if it is authentic; fails only when the store cannot tell. */
export type IsAlive = (token: ClaimedToken) => Promise<boolean>;

/**
 * The one path on which a token is found alive: authentic, timely, of a living generation, not revoked by its id,
 * and signed by a key that still counts. Everything else is undefined.
 *
 * The store is asked by what the token says of itself, so that the question shares the round trip of whatever else is
 * asked in this turn, such as who the caller is. What it answers counts only once the signature is good; that costs a
 * hundred times more, and nobody gets it who has not said who they are.
 */
export function makeExamineToken(ports: { codec: Pick<TokenCodec, 'read'>; isAlive: IsAlive }): ExamineToken {
  const { codec, isAlive } = ports;

  return async (token, admitted) => {
    const reading = codec.read(token);
    const early = reading.claimed && isAlive(reading.claimed);
    early?.catch(() => undefined);
    await admitted;
    const authentic = await reading.prove();
    return authentic !== undefined && (await (early ?? isAlive(authentic))) ? authentic : undefined;
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
