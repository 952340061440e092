import { auditOf } from './audit.js';
import type { GuardedUseCase } from './call.js';
import { textFor } from './client-settings.js';
import { AuthError } from './errors.js';
import { keyIdFrom } from './ids.js';
import { type KeyPolicy, revokeInRing } from './key-life.js';
import type { SigningKeys } from './ports.js';
import { type SigningKey, signingKeysOf } from './signing-key.js';

const MAX_REASON = 256;

export type RevokeSigningKey = GuardedUseCase<
  { readonly keyId: string; readonly reason: string },
  SigningKey
>;

/**
 * Kills every token that a key signed, by one entry in the ledger, and answers the key that signs now: in the same
 * step another takes over where the revoked one was active. Idempotent. Fails with `not_found` for a key that never
 * was, or left the set because its last token had expired.
 */
export const makeRevokeSigningKey =
  (ports: { signingKeys: SigningKeys; keyPolicy: KeyPolicy }): RevokeSigningKey =>
  async (request, caller, call) => {
    const keyId = keyIdFrom(request.keyId);
    const reason = textFor('reason', request.reason, MAX_REASON);
    const audit = auditOf('RevokeSigningKey', caller, call, keyId, { reason });
    const sighting = await ports.signingKeys.change((ring, nowMs, makeKey) => {
      const revoked = revokeInRing(ring, keyId, nowMs, ports.keyPolicy, makeKey);
      return revoked && { ring: revoked, revoked: keyId, audit };
    });
    const keys = signingKeysOf(sighting, ports.keyPolicy);
    if (!keys.some((key) => key.keyId === keyId)) throw new AuthError('not_found', 'There is no such key.');
    const active = keys.find(({ state }) => state === 'active');
    if (active === undefined) throw new AuthError('internal', 'The revocation left no key to sign.');
    return active;
  };
