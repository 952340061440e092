import type { Clock, KeyRing, RevocationLedger, TokenCodec } from './ports.js';
import { type AuthenticToken, isTimely } from './token.js';

/** The token's content if it may be accepted now, else undefined; fails only when the store cannot tell. */
export type ExamineToken = (token: string) => Promise<AuthenticToken | undefined>;

/**
 * The one path on which a token is found alive: authentic, timely, of a living generation, not revoked by its id,
 * and signed by a key that still counts. Everything else is undefined.
 */
export function makeExamineToken(ports: {
  codec: TokenCodec;
  ledger: RevocationLedger;
  keys: KeyRing;
  clock: Clock;
}): ExamineToken {
  const { codec, ledger, keys, clock } = ports;

  return async (token) => {
    const authentic = await codec.open(token);
    if (authentic === undefined || !isTimely(authentic.claims, clock.now())) return undefined;
    const { clientId, tokenId, generation } = authentic.claims;
    const look = await ledger.look(clientId, tokenId);
    if (generation < look.generation || look.tokenRevoked) return undefined;
    if (!(await keys.trusts(authentic.keyId, look.ringVersion))) return undefined;
    return authentic;
  };
}
