import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyId } from '../../domain/ids.js';
import { isSoundEd25519Point } from './ed25519-point.js';
import { bytesFromPaserk, InvalidPaserk, paserkFromBytes, paserkId } from './paserk-form.js';

/** A key that checks v4.public tokens and can do nothing else. */
export interface VerificationKey {
  readonly keyId: KeyId;
  /** PASERK `k4.public.…`. */
  readonly publicKey: string;
  readonly keyObject: KeyObject;
}

/**
 * The key of a PASERK `k4.public.…`. Throws `InvalidPaserk` for any other kind or spelling, and for a point that is
 * not on the curve, is not canonically encoded or has small order: under the last, anyone can forge.
 */
export function verificationKeyFromPaserk(paserk: string): VerificationKey {
  const bytes = bytesFromPaserk('k4.public', paserk);
  if (!isSoundEd25519Point(bytes)) throw new InvalidPaserk('This k4.public is no sound Ed25519 point.');
  const keyObject = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') },
    format: 'jwk',
  });
  return { keyId: paserkId('k4.pid', paserk) as KeyId, publicKey: paserk, keyObject };
}

/** As {@link verificationKeyFromPaserk}, from the 32 bytes of a public key. */
export const verificationKeyFromBytes = (bytes: Uint8Array): VerificationKey =>
  verificationKeyFromPaserk(paserkFromBytes('k4.public', bytes));
