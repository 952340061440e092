import type { ClientId, Generation, KeyId, TokenId } from './ids.js';

/** A JSON object, as in the claim `ext`. */
export type JsonObject = { readonly [key: string]: JsonValue };
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** The longest token that is looked at, in bytes. */
export const MAX_TOKEN_BYTES = 4096;

/** How far clocks may disagree, here and in verifiers, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 5;

/** What a token says, in our own terms; `adapters/paseto/token-codec.ts` gives the claims' names and forms. */
export interface TokenClaims {
  readonly tokenId: TokenId;
  readonly issuer: string;
  /** `sub` and `client_id` alike: a machine, never a user. */
  readonly clientId: ClientId;
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Whole seconds since 1970. */
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number;
  readonly expiresAtSeconds: number;
  /** The client's generation as read at issue. */
  readonly generation: Generation;
  /** The client's static claims. */
  readonly ext: JsonObject | undefined;
}

/**
 * What a token says of itself before its signature is checked: enough to ask about it, and too little to be mistaken for
 * an {@link AuthenticToken}.
 */
export interface ClaimedToken {
  readonly claims: Pick<
    TokenClaims,
    'tokenId' | 'clientId' | 'generation' | 'issuedAtSeconds' | 'notBeforeSeconds' | 'expiresAtSeconds'
  >;
  readonly keyId: KeyId;
}

/** A token whose signature, form and issuer are good. Whether it lives is another question. */
export interface AuthenticToken {
  readonly claims: TokenClaims;
  readonly keyId: KeyId;
}

/** Whether the time is within the token's, give or take {@link CLOCK_TOLERANCE_SECONDS}. */
export function isTimely(claims: ClaimedToken['claims'], nowMs: number): boolean {
  const now = nowMs / 1000;
  return (
    now < claims.expiresAtSeconds + CLOCK_TOLERANCE_SECONDS &&
    now >= claims.notBeforeSeconds - CLOCK_TOLERANCE_SECONDS &&
    now >= claims.issuedAtSeconds - CLOCK_TOLERANCE_SECONDS
  );
}

/** Until when a revoked token's id must be remembered: past it, the token has expired on every clock. */
export const forgetAtSeconds = (expiresAtSeconds: number): number =>
  expiresAtSeconds + CLOCK_TOLERANCE_SECONDS + 60;
