import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { bytesFromPaserk, InvalidPaserk, paserkFromBytes, paserkId } from './paserk-form.js';
import { type VerificationKey, verificationKeyFromBytes } from './verification-key.js';

export { InvalidPaserk };

/**
 * A symmetric key, `k4.local`: the master key, or a pepper. Its purpose is part of its type, and the bytes stay inside
 * node:crypto, so that no log or inspection shows them.
 */
export interface LocalKey {
  readonly kind: 'k4.local';
  /** PASERK `k4.lid.…`; says nothing of the key. */
  readonly keyId: string;
  readonly keyObject: KeyObject;
}

/** A key that signs, `k4.secret`, with the public half that checks what it signs. Made and guarded as {@link LocalKey}. */
export interface SecretKey {
  readonly kind: 'k4.secret';
  readonly verificationKey: VerificationKey;
  readonly keyObject: KeyObject;
}

/** A fresh key of 256 bits. */
export const makeLocalKey = (): LocalKey => wiping(randomBytes(32), localKeyFromBytes);

/** The key of a PASERK `k4.local.…`. Throws `InvalidPaserk`. */
export const localKeyFromPaserk = (text: string): LocalKey =>
  wiping(bytesFromPaserk('k4.local', text), localKeyFromBytes);

/** The key itself, as text: for handing to an operator, and for nothing else. */
export const paserkFromLocalKey = (key: LocalKey): string =>
  wiping(bytesOfLocalKey(key), (bytes) => paserkFromBytes('k4.local', bytes));

/** A fresh signing key. */
export const makeSecretKey = (): SecretKey =>
  secretKeyFromKeyObject(generateKeyPairSync('ed25519').privateKey);

/** The key of a PASERK `k4.secret.…`. Throws `InvalidPaserk`, also when its public half is another key's. */
export const secretKeyFromPaserk = (text: string): SecretKey =>
  wiping(bytesFromPaserk('k4.secret', text), secretKeyFromBytes);

/** The key itself, as text: for handing to an operator, and for nothing else. */
export const paserkFromSecretKey = (key: SecretKey): string =>
  wiping(bytesOfSecretKey(key), (bytes) => paserkFromBytes('k4.secret', bytes));

/** The id of the secret half, `k4.sid.…`. Tokens name their key by the `k4.pid` of the public half instead. */
export const secretIdOf = (key: SecretKey): string => paserkId('k4.sid', paserkFromSecretKey(key));

/** The key of 32 bytes, which the caller may wipe afterwards. */
export const localKeyFromBytes = (bytes: Uint8Array): LocalKey => ({
  kind: 'k4.local',
  keyId: paserkId('k4.lid', paserkFromBytes('k4.local', bytes)),
  keyObject: createSecretKey(bytes),
});

/** A copy of the key's 32 bytes, for the caller to wipe. */
export const bytesOfLocalKey = (key: LocalKey): Buffer => key.keyObject.export();

/** What RFC 8410 writes before the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key of 64 bytes, seed and public half, which the caller may wipe afterwards. Throws `InvalidPaserk`. */
export function secretKeyFromBytes(bytes: Uint8Array): SecretKey {
  const key = wiping(Buffer.concat([PKCS8_PREFIX, bytes.subarray(0, 32)]), (der) =>
    secretKeyFromKeyObject(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })),
  );
  // Signing by one half and publishing another would give tokens that nobody can check.
  if (paserkFromBytes('k4.public', bytes.subarray(32)) !== key.verificationKey.publicKey) {
    throw new InvalidPaserk('The halves of this k4.secret are of two keys.');
  }
  return key;
}

/** A copy of the key's 64 bytes, for the caller to wipe. */
export const bytesOfSecretKey = (key: SecretKey): Buffer =>
  wiping(key.keyObject.export({ format: 'der', type: 'pkcs8' }), (der) =>
    Buffer.concat([der.subarray(PKCS8_PREFIX.length), publicBytesOf(key.keyObject)]),
  );

const secretKeyFromKeyObject = (keyObject: KeyObject): SecretKey => ({
  kind: 'k4.secret',
  verificationKey: verificationKeyFromBytes(publicBytesOf(keyObject)),
  keyObject,
});

const publicBytesOf = (keyObject: KeyObject): Buffer =>
  createPublicKey(keyObject).export({ format: 'der', type: 'spki' }).subarray(-32);

/** Hands key material on and overwrites it at once. A string cannot be overwritten, so keys travel as bytes. */
export function wiping<T>(material: Buffer, use: (material: Buffer) => T): T {
  try {
    return use(material);
  } finally {
    material.fill(0);
  }
}
