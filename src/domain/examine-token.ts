import type { Clock, KeyRing, RevocationLedger, TokenCodec } from './ports.js';
import { type AuthenticToken, isTimely } from './token.js';

/** The token's content if it may be accepted now, else undefined; fails only when the store cannot tell. */
export type ExamineToken = (token: string) => Promise<AuthenticToken | undefined>;

/** Whether a token that is authentic may be accepted now; fails only when the store cannot tell. */
export type IsAlive = (authentic: AuthenticToken) => Promise<boolean>;

/**
 * The one path on which a token is found alive: authentic, timely, of a living generation, not revoked by its id,
 * and signed by a key that still counts. Everything else is undefined.
 */
export function makeExamineToken(ports: { codec: TokenCodec; isAlive: IsAlive }): ExamineToken {
  const { codec, isAlive } = ports;

  return async (token) => {
    const authentic = await codec.open(token);
    return authentic !== undefined && (await isAlive(authentic)) ? authentic : undefined;
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
