import type { Revocation } from '../../src/wire/gen/countersign/v1/token_service.js';

/** Entries of the ledger as they travel. */
export const clientAt = (clientId: string, generation: number): Revocation => ({
  kind: { $case: 'clientGeneration', value: { clientId, generation } },
});

export const tokenUntil = (tokenId: string, forgetAtSeconds: number): Revocation => ({
  kind: { $case: 'token', value: { tokenId, forgetAtSeconds } },
});

export const keyGone = (keyId: string): Revocation => ({ kind: { $case: 'key', value: { keyId } } });
