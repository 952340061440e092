import { type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { MAX_LIVE_SECRETS, type StoredSecret } from '../../domain/client.js';
import { temporarilyUnavailable } from '../../domain/errors.js';
import type { SecretHasher } from '../../domain/ports.js';
import { hmacSha256 } from './hmac-sha256.js';

/** Where the peppers come from: the key ring. */
export interface Peppers {
  /** The pepper for new secrets. Throws `temporarily_unavailable`. */
  newestPepper(): { readonly pepperId: string; readonly key: KeyObject };
  /** The pepper by this id; undefined when it is not known here. Throws `temporarily_unavailable`. */
  pepper(pepperId: string): KeyObject | undefined;
}

/** HMAC-SHA-256; named so that a test can count how often it is computed. */
export type Hmac = (secret: string, key: KeyObject) => Buffer;

const HASH_BYTES = 32;

/**
 * Hashes secrets by HMAC-SHA-256 under a pepper: with 256 random bits in a secret there is nothing to guess, and
 * without the pepper, which lies in the store only wrapped, a stolen hash cannot even be tried against a guess. A slow
 * hash would add nothing but a way to exhaust this server.
 */
export function makeSecretHasher(peppers: Peppers, hmac: Hmac = hmacSha256): SecretHasher {
  /** Stands in for secrets that are not there; nothing hashes to it. */
  const decoy = { hash: randomBytes(HASH_BYTES).toString('base64url') };

  const present = (
    secret: string,
    pepperId: string,
    newest: ReturnType<Peppers['newestPepper']>,
  ): Presented => {
    const key = pepperId === newest.pepperId ? newest.key : peppers.pepper(pepperId);
    return { pepperId, digest: hmac(secret, key ?? newest.key), isKnown: key !== undefined };
  };

  return {
    hash(secret) {
      const { pepperId, key } = peppers.newestPepper();
      return { hash: hmac(secret, key).toString('base64url'), pepperId };
    },

    find(secret, stored) {
      const newest = peppers.newestPepper();
      const made: Presented[] = [];
      let presented: Presented | undefined;
      let unknownPepper: string | undefined;
      let found: StoredSecret | undefined;
      // Always as many comparisons as a client may have secrets, and always at least one HMAC, so that neither a client
      // that does not exist nor one with a single secret can be told by the time it takes.
      for (let i = 0; i < Math.max(MAX_LIVE_SECRETS, stored.length); i += 1) {
        const candidate = stored[i];
        const pepperId = candidate?.pepperId ?? stored[0]?.pepperId ?? newest.pepperId;
        if (presented?.pepperId !== pepperId) {
          presented = made.find((one) => one.pepperId === pepperId) ?? present(secret, pepperId, newest);
          made.push(presented);
        }
        if (!presented.isKnown) unknownPepper = pepperId;
        const kept = bytesOf(presented.isKnown ? (candidate ?? decoy) : decoy);
        const same = kept.length === HASH_BYTES && timingSafeEqual(presented.digest, kept);
        if (same) found ??= candidate;
      }
      if (found === undefined && unknownPepper !== undefined) {
        // Made on a server with a newer ring: this one cannot say that the secret is wrong.
        throw temporarilyUnavailable(
          new Error(`A secret is under the pepper ${unknownPepper}, not known here.`),
        );
      }
      return found;
    },
  };
}

/** The presented secret under one pepper. */
interface Presented {
  readonly pepperId: string;
  readonly digest: Buffer;
  /** Whether the pepper is; else the digest is under another, for its time alone. */
  readonly isKnown: boolean;
}

type Hashed = Pick<StoredSecret, 'hash'>;

/** Hashes as bytes, decoded once for as long as the record that they are of is in memory. */
const decoded = new WeakMap<Hashed, Uint8Array>();

function bytesOf(secret: Hashed): Uint8Array {
  let bytes = decoded.get(secret);
  if (bytes === undefined) {
    // A copy: a small buffer is cut from a pool, and would keep all 8 KiB of it for as long as it is remembered.
    bytes = Uint8Array.from(Buffer.from(secret.hash, 'base64url'));
    decoded.set(secret, bytes);
  }
  return bytes;
}
