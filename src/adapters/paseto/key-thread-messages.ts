import type { KeyObject } from 'node:crypto';
import type { KeyId } from '../../domain/ids.js';

/** Stands between texts: JSON as we write it has no line feed, nor has a token. */
export const SEPARATOR = '\n';

/** The key that a thread works with. */
export interface ThreadKey {
  readonly keyId: KeyId;
  readonly keyObject: KeyObject;
}

/** What a thread is asked for. Many texts are one, because one is copied between threads as it is. */
export interface ThreadTask {
  /** The key from now on; left out, the last one. */
  readonly key?: ThreadKey;
  readonly texts: string;
}

/** Its answer to the oldest task that it has yet to answer: for each text one, in order. */
export type ThreadReply = { readonly results: string } | { readonly failure: unknown };
