import { blake2b } from '@noble/hashes/blake2.js';
import { bytesFromBase64url } from './base64url.js';

/** The kinds of PASERK in use here, each with its one version: k4, for PASETO v4. */
export type PaserkKind =
  | 'k4.local'
  | 'k4.secret'
  | 'k4.public'
  | 'k4.lid'
  | 'k4.sid'
  | 'k4.pid'
  | 'k4.local-wrap.pie'
  | 'k4.secret-wrap.pie';

/** How many bytes each kind holds. The two wraps: tag 32, nonce 32, then the key. */
const LENGTHS: Record<PaserkKind, number> = {
  'k4.local': 32,
  'k4.secret': 64,
  'k4.public': 32,
  'k4.lid': 33,
  'k4.sid': 33,
  'k4.pid': 33,
  'k4.local-wrap.pie': 96,
  'k4.secret-wrap.pie': 128,
};

/** A text is no PASERK of the wanted kind, or its key is unfit. The message never repeats the text. */
export class InvalidPaserk extends Error {
  override readonly name = 'InvalidPaserk';
}

/**
 * The bytes of a PASERK of exactly this kind: strictly unpadded base64url, of exactly the kind's length. The kind is
 * the caller's to choose and never the text's, so a key cannot change its purpose. Throws {@link InvalidPaserk}.
 */
export function bytesFromPaserk(kind: PaserkKind, text: string): Buffer {
  const bytes = text.startsWith(`${kind}.`) ? bytesFromBase64url(text.slice(kind.length + 1)) : undefined;
  if (bytes?.length !== LENGTHS[kind]) throw new InvalidPaserk(`This is not a well-formed ${kind}.`);
  return bytes;
}

/** The one spelling of these bytes as a PASERK. Throws {@link InvalidPaserk} where the length is another kind's. */
export function paserkFromBytes(kind: PaserkKind, bytes: Uint8Array): string {
  if (bytes.length !== LENGTHS[kind]) throw new InvalidPaserk(`A ${kind} holds ${LENGTHS[kind]} bytes.`);
  return `${kind}.${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')}`;
}

/** The id of a key from its PASERK: BLAKE2b-264 over the id's header and the key's text (PASERK, operation ID). */
export function paserkId(kind: 'k4.lid' | 'k4.sid' | 'k4.pid', paserk: string): string {
  return paserkFromBytes(kind, blake2b(Buffer.from(`${kind}.${paserk}`), { dkLen: LENGTHS[kind] }));
}
