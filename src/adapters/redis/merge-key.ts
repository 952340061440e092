import { conflict } from '../../domain/errors.js';
import type { KeyId } from '../../domain/ids.js';
import type { KeyRingStore } from '../../domain/ports.js';
import { withRevokedKey } from '../../domain/stored-key-ring.js';

const ATTEMPTS = 5;

/**
 * Revokes a key again whose revocation a failover may have lost. Does nothing when it is revoked, or when the ring
 * does not know it: then nobody trusts its tokens either. Fails with `conflict` when the ring never stands still.
 */
export async function mergeKey(keyRings: KeyRingStore, keyId: KeyId): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await keyRings.read();
    const merged = found && withRevokedKey(found.ring, keyId, found.storeTimeMs);
    if (merged === undefined || (await keyRings.replace(merged, { revoked: keyId }))) return;
  }
  throw conflict('The key ring keeps changing.');
}
