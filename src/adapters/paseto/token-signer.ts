import type { KeyId } from '../../domain/ids.js';
import type { SecretKey } from './paserk.js';
import { type KeyFooter, keyFooter, signedTokenOfPool } from './token-text.js';

/** Makes tokens of payloads, whoever does the work. */
export interface TokenSigner {
  /** The token over this payload by this key: PASETO v4.public with our one footer. */
  sign(payload: string, key: SecretKey): Promise<string>;
}

/** Signs on the thread pool that every Node process has, one task for each token. */
export function makePoolSigner(): TokenSigner {
  let last: { readonly keyId: KeyId; readonly footer: KeyFooter } | undefined;
  return {
    sign(payload, { verificationKey: { keyId }, keyObject }) {
      if (last?.keyId !== keyId) last = { keyId, footer: keyFooter(keyId) };
      return signedTokenOfPool(payload, keyObject, last.footer);
    },
  };
}
