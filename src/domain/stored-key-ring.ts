import type { KeyId } from './ids.js';
import type { StoredKeyRing } from './ports.js';

/** The keys whose every token is dead, as the ledger lists them. */
export const revokedKeysOf = (ring: StoredKeyRing): readonly KeyId[] =>
  ring.keys.filter((key) => key.revokeTimeMs !== undefined).map((key) => key.keyId);

/**
 * The next version of a ring, in which a key is revoked and its secret half gone; undefined where that changes
 * nothing, because the key is revoked already or the ring does not know it.
 */
export function withRevokedKey(ring: StoredKeyRing, keyId: KeyId, timeMs: number): StoredKeyRing | undefined {
  if (!ring.keys.some((key) => key.keyId === keyId && key.revokeTimeMs === undefined)) return undefined;
  return {
    ...ring,
    version: ring.version + 1,
    keys: ring.keys.map((key) =>
      key.keyId === keyId ? { ...key, wrappedSecret: undefined, revokeTimeMs: timeMs } : key,
    ),
  };
}
