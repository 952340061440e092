import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  footerFor,
  signedBytes,
  TOKEN_HEADER,
  verificationKeyFromPaserk,
} from '../../src/adapters/paseto/public-token.js';
import { KeyState, type VerificationKey } from '../../src/wire/gen/countersign/v1/token_service.js';

export const ISSUER = 'https://auth.test';
export const AUDIENCE = 'https://orders.test';

/** A signing key of the test's own, with what it takes to publish it. */
export interface MintKey {
  readonly keyId: string;
  readonly published: VerificationKey;
  readonly secret: KeyObject;
}

export function mintKey(): MintKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const paserk = `k4.public.${publicKey.export({ format: 'jwk' }).x}`;
  const { keyId } = verificationKeyFromPaserk(paserk);
  const published = { keyId, publicKey: paserk, state: KeyState.KEY_STATE_ACTIVE };
  return { keyId, published, secret: privateKey };
}

const instant = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
let minted = 0;

/** A token as the service would issue it, but for the claims given. */
export function mint(key: MintKey, nowMs: number, claims: Record<string, unknown> = {}): string {
  minted += 1;
  const clientId = claims.client_id ?? 'caller';
  const payload = {
    iss: ISSUER,
    sub: clientId,
    aud: AUDIENCE,
    iat: instant(nowMs),
    nbf: instant(nowMs),
    exp: instant(nowMs + 3_600_000),
    jti: `token-${minted}`,
    client_id: clientId,
    scope: 'orders:read orders:write',
    sub_kind: 'service',
    gen: 0,
    ...claims,
  };
  const message = Buffer.from(JSON.stringify(payload));
  const footer = Buffer.from(footerFor(key.keyId as Parameters<typeof footerFor>[0]));
  const signature = sign(null, signedBytes(message, footer), key.secret);
  const body = Buffer.concat([message, signature]).toString('base64url');
  return `${TOKEN_HEADER}${body}.${footer.toString('base64url')}`;
}
