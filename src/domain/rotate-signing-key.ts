import { auditOf } from './audit.js';
import type { GuardedUseCase } from './call.js';
import { AuthError } from './errors.js';
import { type KeyPolicy, rotateRing, signerOf, successorOf } from './key-life.js';
import type { SigningKeys } from './ports.js';
import { type SigningKey, signingKeysOf } from './signing-key.js';

export type RotateSigningKey = GuardedUseCase<{ readonly immediate: boolean }, SigningKey>;

/**
 * Starts the change to a new key, and answers the one that signs or will sign next.
 *
 * With the lead honoured nobody notices. `immediate` is for emergencies: verifiers meet a key they have not fetched,
 * and until they have, each may ask once more or refuse.
 */
export const makeRotateSigningKey =
  (ports: { signingKeys: SigningKeys; keyPolicy: KeyPolicy }): RotateSigningKey =>
  async ({ immediate }, caller, call) => {
    const { signingKeys, keyPolicy } = ports;
    const sighting = await signingKeys.change((ring, nowMs, makeKey) => {
      const rotated = rotateRing(ring, nowMs, keyPolicy, makeKey, immediate);
      const next = nextOf(rotated.keys, nowMs);
      const audit = auditOf('RotateSigningKey', caller, call, next?.keyId ?? '', { after: { immediate } });
      return { ring: rotated, audit };
    });
    const next = nextOf(sighting.keys, sighting.storeTimeMs);
    const key = signingKeysOf(sighting, keyPolicy).find(({ keyId }) => keyId === next?.keyId);
    if (key === undefined) throw new AuthError('internal', 'The rotation left no key to sign.');
    return key;
  };

const nextOf = (...ring: Parameters<typeof signerOf>) => successorOf(...ring) ?? signerOf(...ring);
