import { type KeyObject, sign } from 'node:crypto';
import type { KeyId } from '../../domain/ids.js';
import { footerFor } from './public-token.js';
import { signedBytes, TOKEN_HEADER } from './signed-bytes.js';

/** The footer of one key's tokens, as signed and as written. */
export interface KeyFooter {
  readonly bytes: Buffer;
  /** With its full stop: how every token of the key ends. */
  readonly ending: string;
}

export function keyFooter(keyId: KeyId): KeyFooter {
  const bytes = Buffer.from(footerFor(keyId));
  return { bytes, ending: `.${bytes.toString('base64url')}` };
}

/** The token over a payload, signed on this thread: nothing else runs on it meanwhile. */
export function signedToken(payload: string, key: KeyObject, footer: KeyFooter): string {
  const message = Buffer.from(payload);
  return tokenText(message, sign(null, signedBytes(message, footer.bytes), key), footer);
}

/** The same, signed on the thread pool. */
export function signedTokenOfPool(payload: string, key: KeyObject, footer: KeyFooter): Promise<string> {
  const message = Buffer.from(payload);
  return new Promise((resolve, reject) => {
    sign(null, signedBytes(message, footer.bytes), key, (err, signature) => {
      if (err) reject(err);
      else resolve(tokenText(message, signature, footer));
    });
  });
}

const tokenText = (message: Buffer, signature: Buffer, { ending }: KeyFooter): string =>
  TOKEN_HEADER + Buffer.concat([message, signature]).toString('base64url') + ending;
