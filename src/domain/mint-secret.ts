import { isLive, MAX_LIVE_SECRETS, type StoredSecret } from './client.js';
import { conflict, invalidRequest } from './errors.js';
import { isRequestId } from './ids.js';
import type { Ids, SecretGenerator, SecretHasher } from './ports.js';

/** A secret brought from another system: long enough, and of characters that every header can carry. */
const IMPORTED_SECRET = /^[\x21-\x7e]{32,1024}$/;

/** A new secret: as stored, and what the caller is shown once. */
export interface MintedSecret {
  readonly stored: StoredSecret;
  /** Empty when it was imported: who brought it has it. */
  readonly shown: string;
}

export type MintSecret = (
  wanted: { readonly importedSecret: string; readonly madeBy: string | undefined },
  nowMs: number,
) => MintedSecret;

/** Generates a secret, or takes an imported one, and hashes it. Fails with `invalid_request`. */
export function makeMintSecret(ports: {
  generator: SecretGenerator;
  hasher: SecretHasher;
  ids: Ids;
}): MintSecret {
  return ({ importedSecret, madeBy }, nowMs) => {
    if (importedSecret !== '' && !IMPORTED_SECRET.test(importedSecret)) {
      throw invalidRequest('imported_secret must be 32 to 1024 visible ASCII characters');
    }
    const secret = importedSecret || ports.generator.generate();
    return {
      stored: {
        ...ports.hasher.hash(secret),
        secretId: ports.ids.secretId(),
        createTimeMs: nowMs,
        expireTimeMs: undefined,
        lastUsedTimeMs: undefined,
        madeBy,
      },
      shown: importedSecret === '' ? secret : '',
    };
  };
}

/**
 * The mark that an act named by `request_id` leaves on the secret it made, so that a repeat is known for one.
 * Undefined when the caller named none. Fails with `invalid_request`.
 */
export function madeByOf(act: 'create' | 'rotate', requestId: string): string | undefined {
  if (requestId === '') return undefined;
  if (!isRequestId(requestId))
    throw invalidRequest('request_id must be 1 to 64 characters of A-Z a-z 0-9 . _ -');
  return `${act}:${requestId}`;
}

/** Puts a fresh secret in the place of the one that the same act made before; the others stay as they are. */
export function replaceSecretOfAct(
  secrets: readonly StoredSecret[],
  fresh: StoredSecret,
): readonly StoredSecret[] {
  return secrets.map((secret) => (secret.madeBy === fresh.madeBy ? fresh : secret));
}

/**
 * Adds a fresh secret; each old one expires at the earlier of its own expiry and now + overlap, and the dead are
 * dropped. Fails with `conflict` when too many would live.
 */
export function rotateSecrets(
  secrets: readonly StoredSecret[],
  fresh: StoredSecret,
  overlapSeconds: number,
  nowMs: number,
): readonly StoredSecret[] {
  const until = nowMs + overlapSeconds * 1000;
  const old = secrets
    .map((secret) => ({ ...secret, expireTimeMs: Math.min(secret.expireTimeMs ?? until, until) }))
    .filter((secret) => isLive(secret, nowMs));
  if (old.length >= MAX_LIVE_SECRETS) {
    throw conflict(`This client has ${MAX_LIVE_SECRETS} live secrets already; end one first.`);
  }
  return [fresh, ...old];
}
