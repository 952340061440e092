import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  footerFor,
  signedBytes,
  TOKEN_HEADER,
  type VerificationKey,
  verificationKeyFromPaserk,
} from '../../../src/adapters/paseto/public-token.js';
import type { TokenClaims } from '../../../src/domain/token.js';

/** A fresh key pair: the secret half as node:crypto has it, the public half as a verifier has it. */
export interface Pair {
  readonly secret: KeyObject;
  readonly key: VerificationKey;
}

export function makePair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  return { secret: privateKey, key: verificationKeyFromPaserk(`k4.public.${x}`) };
}

/** A good payload, as its JSON object. */
export const PAYLOAD = {
  iss: 'https://auth.example',
  sub: 'payments',
  aud: 'https://ledger.example',
  iat: '2026-07-30T12:00:00Z',
  nbf: '2026-07-30T12:00:00Z',
  exp: '2026-07-30T13:00:00Z',
  jti: 'tok_0123456789abcdef',
  client_id: 'payments',
  scope: 'ledger:read ledger:write',
  sub_kind: 'service',
  gen: 7,
  ext: { team: 'money', tags: ['a', { b: null }] },
};

/** What {@link PAYLOAD} says. */
export const CLAIMS = {
  tokenId: 'tok_0123456789abcdef',
  issuer: 'https://auth.example',
  clientId: 'payments',
  audience: 'https://ledger.example',
  scopes: ['ledger:read', 'ledger:write'],
  issuedAtSeconds: Date.UTC(2026, 6, 30, 12) / 1000,
  notBeforeSeconds: Date.UTC(2026, 6, 30, 12) / 1000,
  expiresAtSeconds: Date.UTC(2026, 6, 30, 13) / 1000,
  generation: 7,
  ext: { team: 'money', tags: ['a', { b: null }] },
} as unknown as TokenClaims;

/** A token over any payload and footer, rightly signed: so a test sees that the form alone is refused. */
export function signToken(
  pair: Pair,
  payload: string | Uint8Array = JSON.stringify(PAYLOAD),
  footer: string = footerFor(pair.key.keyId),
): string {
  const message = Buffer.from(payload);
  const signature = sign(null, signedBytes(message, Buffer.from(footer)), pair.secret);
  const body = Buffer.concat([message, signature]).toString('base64url');
  return `${TOKEN_HEADER}${body}.${Buffer.from(footer).toString('base64url')}`;
}
