import type { JsonObject, JsonValue, TokenClaims } from '../domain/token.js';

/** Who calls, as the token proves it: a machine, never a user. Frozen through and through, for it is shared. */
export interface Principal {
  readonly kind: 'service';
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly audience: string;
  /** The token's id, its `jti`: safe to log, unlike the token. */
  readonly tokenId: string;
  /** When the token ends. A fresh date at each look, for a date cannot be frozen. */
  readonly expiresAt: Date;
  /** The client's static claims, or undefined. */
  readonly ext: JsonObject | undefined;
}

export function principalFromClaims(claims: TokenClaims): Principal {
  const { clientId, scopes, audience, tokenId, expiresAtSeconds, ext } = claims;
  return Object.freeze({
    kind: 'service' as const,
    clientId,
    scopes: Object.freeze([...scopes]),
    audience,
    tokenId,
    get expiresAt() {
      return new Date(expiresAtSeconds * 1000);
    },
    ext: ext === undefined ? undefined : deepFrozen(ext),
  });
}

function deepFrozen<T extends JsonValue>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) deepFrozen(part);
  return Object.freeze(value);
}
