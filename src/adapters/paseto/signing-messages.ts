import type { KeyObject } from 'node:crypto';
import type { KeyId } from '../../domain/ids.js';

/** Stands between payloads, and between tokens: JSON as we write it has no line feed, nor has base64url. */
export const SEPARATOR = '\n';

/** What the signing thread is asked for. Payloads are one text, because that is copied between threads as it is. */
export interface SigningTask {
  /** The key from now on; left out, the last one. */
  readonly key?: { readonly keyId: KeyId; readonly keyObject: KeyObject };
  readonly payloads: string;
}

/** Its answer to the oldest task that it has yet to answer. */
export type SigningReply = { readonly tokens: string } | { readonly failure: unknown };
