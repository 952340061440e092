import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { SecretGenerator } from '../../domain/ports.js';

const PREFIX = 'cs_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 characters of 62 hold 256.03 bits. */
const RANDOM_CHARS = 43;
/** 62^6 is above 2^32, so every CRC-32 fits. */
const CHECKSUM_CHARS = 6;

/**
 * For scanners of repositories and logs: every secret of ours, and little else. {@link looksLikeSecret} tells the rest
 * apart by the checksum, without asking anybody.
 */
export const SECRET_PATTERN = /\bcs_[0-9A-Za-z]{49}\b/;

/** Makes client secrets: `cs_`, 43 random characters and 6 of checksum. */
export const secretGenerator: SecretGenerator = {
  generate: () => {
    const text = PREFIX + randomText(RANDOM_CHARS);
    return text + checksumOf(text);
  },
};

/** Whether the whole text has the form of a generated secret, checksum included. Says nothing of whose it is. */
export function looksLikeSecret(text: string): boolean {
  const body = text.slice(0, -CHECKSUM_CHARS);
  return SECRET_PATTERN.exec(text)?.[0] === text && checksumOf(body) === text.slice(-CHECKSUM_CHARS);
}

/** Every character equally likely: bytes past the last multiple of 62 are thrown away rather than folded in. */
function randomText(length: number): string {
  const limit = 256 - (256 % ALPHABET.length);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length)) {
      if (byte < limit) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}

/** CRC-32 in base 62: guards against typing errors and false alarms, not against anybody's intent. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_CHARS; i += 1) {
    digits = ALPHABET[rest % ALPHABET.length] + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}
