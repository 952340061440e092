import type { KeyId } from '../../domain/ids.js';
import { type StoredKeyRing, StoreUnusable } from '../../domain/ports.js';
import type { LocalKey, SecretKey } from './paserk.js';
import { InvalidPaserk } from './paserk-form.js';
import { unwrapLocalKey, unwrapSecretKey, wrapLocalKey, wrapSecretKey } from './pie-wrap.js';
import { type VerificationKey, verificationKeyFromPaserk } from './verification-key.js';

/** The master key, and while it is being changed the one before. */
export interface MasterKeys {
  readonly current: LocalKey;
  readonly previous?: LocalKey | undefined;
}

/** A key ring unwrapped: as it is used, and in memory only. */
export interface RingContent {
  readonly stored: StoredKeyRing;
  readonly verificationKeys: ReadonlyMap<KeyId, VerificationKey>;
  /** Those that may still sign. */
  readonly secretKeys: ReadonlyMap<KeyId, SecretKey>;
  /** By pepper id, in the ring's order: the first is for new secrets. */
  readonly peppers: ReadonlyMap<string, LocalKey>;
}

/**
 * Unwraps a ring. Fails with `StoreUnusable` when it is under a master key that is not held, was tampered with, or
 * holds a key under another's name. What `before` has unwrapped already is taken from there, so reading a ring again
 * costs nothing.
 */
export function contentOfRing(
  stored: StoredKeyRing,
  masterKeys: MasterKeys,
  before?: RingContent,
): RingContent {
  const master = masterKeyOf(stored, masterKeys);
  const content = {
    stored,
    verificationKeys: new Map<KeyId, VerificationKey>(),
    secretKeys: new Map<KeyId, SecretKey>(),
    peppers: new Map<string, LocalKey>(),
  };
  try {
    for (const { keyId, publicKey, wrappedSecret } of stored.keys) {
      const key = before?.verificationKeys.get(keyId) ?? verificationKeyFromPaserk(publicKey);
      requireName(keyId, key.keyId);
      content.verificationKeys.set(keyId, key);
      if (wrappedSecret === undefined) continue;
      const secret = before?.secretKeys.get(keyId) ?? unwrapSecretKey(wrappedSecret, master);
      requireName(keyId, secret.verificationKey.keyId);
      content.secretKeys.set(keyId, secret);
    }
    for (const { pepperId, wrapped } of stored.peppers) {
      const pepper = before?.peppers.get(pepperId) ?? unwrapLocalKey(wrapped, master);
      requireName(pepperId, pepper.keyId);
      content.peppers.set(pepperId, pepper);
    }
  } catch (cause) {
    if (!(cause instanceof InvalidPaserk)) throw cause;
    throw new StoreUnusable(`The key ring in the store is damaged. ${cause.message}`, { cause });
  }
  return content;
}

/** The one of the master keys that a ring is under. Fails with `StoreUnusable`. */
export function masterKeyOf(ring: StoredKeyRing, { current, previous }: MasterKeys): LocalKey {
  const held = [current, previous].find((key) => key?.keyId === ring.masterKeyId);
  if (held !== undefined) return held;
  throw new StoreUnusable(
    `The key ring in the store is under the master key ${ring.masterKeyId}, but COUNTERSIGN_MASTER_KEY is ` +
      `${current.keyId} and COUNTERSIGN_MASTER_KEY_PREVIOUS is ${previous?.keyId ?? 'not set'}.`,
  );
}

/** The next version of a ring, with every key in it wrapped anew under another master key. */
export const rewrapped = ({ stored, secretKeys, peppers }: RingContent, master: LocalKey): StoredKeyRing => ({
  version: stored.version + 1,
  masterKeyId: master.keyId,
  keys: stored.keys.map((key) => {
    const secret = secretKeys.get(key.keyId);
    return { ...key, wrappedSecret: secret && wrapSecretKey(secret, master) };
  }),
  peppers: [...peppers].map(([pepperId, pepper]) => ({ pepperId, wrapped: wrapLocalKey(pepper, master) })),
});

function requireName(name: string, real: string): void {
  if (name !== real) {
    throw new StoreUnusable(`The key ring in the store holds another key under the name ${name}.`);
  }
}
