import { CLOCK_TOLERANCE_SECONDS, forgetAtSeconds, type TokenClaims } from '../domain/token.js';
import type { RefusalReason } from './errors.js';
import type { KeySet } from './key-set.js';
import type { LedgerReplica } from './ledger-replica.js';
import { type Principal, principalFromClaims } from './principal.js';

/** A token whose signature, form, issuer and audience are good for ever; whether it lives is asked each time. */
export interface VerifiedToken {
  readonly principal: Principal;
  readonly tokenId: string;
  readonly clientId: string;
  readonly generation: number;
  readonly keyId: string;
  /** Good from here, tolerance included, in ms since 1970. */
  readonly startsAtMs: number;
  /** And up to here. */
  readonly endsAtMs: number;
  /** Until when the ledger holds a revocation of it. */
  readonly rememberedUntilSeconds: number;
}

export function verifiedToken(claims: TokenClaims, keyId: string): VerifiedToken {
  const startsAtSeconds = Math.max(claims.notBeforeSeconds, claims.issuedAtSeconds) - CLOCK_TOLERANCE_SECONDS;
  return {
    principal: principalFromClaims(claims),
    tokenId: claims.tokenId,
    clientId: claims.clientId,
    generation: claims.generation,
    keyId,
    startsAtMs: startsAtSeconds * 1000,
    endsAtMs: (claims.expiresAtSeconds + CLOCK_TOLERANCE_SECONDS) * 1000,
    rememberedUntilSeconds: forgetAtSeconds(claims.expiresAtSeconds),
  };
}

/** Why a token that is authentic may not be accepted now, as far as is known here; undefined when nothing is. */
export function refusalOf(
  token: VerifiedToken,
  nowMs: number,
  ledger: LedgerReplica,
  keys: Pick<KeySet, 'has'>,
): RefusalReason | undefined {
  if (nowMs >= token.endsAtMs) return 'expired';
  if (nowMs < token.startsAtMs) return 'not_yet_valid';
  // A clock that was set back: the entry that killed this token may be forgotten, and it had ended by then anyhow.
  if (token.rememberedUntilSeconds <= ledger.forgottenThroughSeconds) return 'expired';
  if (token.generation < ledger.generationOf(token.clientId)) return 'client_revoked';
  if (ledger.isTokenRevoked(token.tokenId)) return 'token_revoked';
  if (ledger.isKeyRevoked(token.keyId)) return 'key_revoked';
  return keys.has(token.keyId) ? undefined : 'unknown_key';
}
