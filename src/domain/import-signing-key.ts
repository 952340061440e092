import type { KeyPolicy } from './key-life.js';
import type { MakeSigningKey, StoredKeyRing } from './ports.js';

/**
 * The next version of a ring, in which a key brought from elsewhere is published, to sign once every verifier has had
 * time to fetch it. Undefined where the ring knows the key already, in whatever state: a revoked one must not come back.
 */
export function importIntoRing(
  ring: StoredKeyRing,
  key: ReturnType<MakeSigningKey>,
  nowMs: number,
  policy: KeyPolicy,
): StoredKeyRing | undefined {
  if (ring.keys.some(({ keyId }) => keyId === key.keyId)) return undefined;
  const published = {
    ...key,
    createTimeMs: nowMs,
    activateTimeMs: nowMs + policy.leadMs,
    retireTimeMs: undefined,
    removeTimeMs: undefined,
    revokeTimeMs: undefined,
  };
  return { ...ring, version: ring.version + 1, keys: [...ring.keys, published] };
}
