/** PASERK's key-wrapping `pie`, version 4: how signing keys and peppers lie in the store. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { xchacha20 } from '@noble/ciphers/chacha.js';
import { blake2b } from '@noble/hashes/blake2.js';
import {
  bytesOfLocalKey,
  bytesOfSecretKey,
  type LocalKey,
  localKeyFromBytes,
  type SecretKey,
  secretKeyFromBytes,
  wiping,
} from './paserk.js';
import { bytesFromPaserk, InvalidPaserk, paserkFromBytes } from './paserk-form.js';

type WrapKind = 'k4.local-wrap.pie' | 'k4.secret-wrap.pie';

/** A signing key as PASERK `k4.secret-wrap.pie.…`, with a fresh nonce, so never twice the same. */
export const wrapSecretKey = (key: SecretKey, under: LocalKey): string =>
  wiping(bytesOfSecretKey(key), (bytes) => wrap('k4.secret-wrap.pie', bytes, under));

/** The signing key in a wrap. Throws `InvalidPaserk` when it is wrapped under another key or was changed. */
export const unwrapSecretKey = (text: string, under: LocalKey): SecretKey =>
  wiping(unwrap('k4.secret-wrap.pie', text, under), secretKeyFromBytes);

/** A symmetric key as PASERK `k4.local-wrap.pie.…`, with a fresh nonce. */
export const wrapLocalKey = (key: LocalKey, under: LocalKey): string =>
  wiping(bytesOfLocalKey(key), (bytes) => wrap('k4.local-wrap.pie', bytes, under));

/** The symmetric key in a wrap. Throws `InvalidPaserk` when it is wrapped under another key or was changed. */
export const unwrapLocalKey = (text: string, under: LocalKey): LocalKey =>
  wiping(unwrap('k4.local-wrap.pie', text, under), localKeyFromBytes);

function wrap(kind: WrapKind, material: Buffer, under: LocalKey): string {
  const nonce = randomBytes(32);
  const wrapped = encrypt(material, nonce, under);
  return paserkFromBytes(kind, Buffer.concat([tagOf(kind, nonce, wrapped, under), nonce, wrapped]));
}

function unwrap(kind: WrapKind, text: string, under: LocalKey): Buffer {
  const bytes = bytesFromPaserk(kind, text);
  const [tag, nonce, wrapped] = [bytes.subarray(0, 32), bytes.subarray(32, 64), bytes.subarray(64)];
  // The tag first, in constant time: nothing of a changed wrap is ever decrypted.
  if (!timingSafeEqual(tag, tagOf(kind, nonce, wrapped, under))) {
    throw new InvalidPaserk(`This ${kind} is not under this key, or was changed.`);
  }
  return encrypt(wrapped, nonce, under);
}

/** XChaCha20 with key and nonce drawn from the wrapping key; its own inverse. */
function encrypt(text: Uint8Array, nonce: Uint8Array, under: LocalKey): Buffer {
  return wiping(derive(under, 0x80, nonce, 56), (derived) =>
    Buffer.from(xchacha20(derived.subarray(0, 32), derived.subarray(32), text)),
  );
}

/** The tag also covers the header, so a wrap of one kind cannot pass for the other. */
function tagOf(kind: WrapKind, nonce: Uint8Array, wrapped: Uint8Array, under: LocalKey): Uint8Array {
  return wiping(derive(under, 0x81, nonce, 32), (key) =>
    blake2b(Buffer.concat([Buffer.from(`${kind}.`), nonce, wrapped]), { key, dkLen: 32 }),
  );
}

function derive(under: LocalKey, domain: number, nonce: Uint8Array, length: number): Buffer {
  return wiping(bytesOfLocalKey(under), (key) =>
    Buffer.from(blake2b(Buffer.concat([Buffer.of(domain), nonce]), { key, dkLen: length })),
  );
}
