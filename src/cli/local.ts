/**
 * What by its nature is not a client's: it works on the store or the master key, or is the server itself. The rest of
 * this room reaches it by `import()` alone, so that the plain client loads neither a server nor a store.
 */
import { makeLocalKey, paserkFromLocalKey } from '../adapters/paseto/paserk.js';
import {
  InvalidPaserk,
  parsePublicToken,
  verificationKeyFromPaserk,
  verifyPublicToken,
} from '../adapters/paseto/public-token.js';

/** A fresh master key, with the id by which it can be told from others. */
export function generateMasterKey(): { readonly masterKey: string; readonly keyId: string } {
  const key = makeLocalKey();
  return { masterKey: paserkFromLocalKey(key), keyId: key.keyId };
}

/** Whether this key signed the token and its claims have our form; undefined where the key is no usable `k4.public`. */
export async function isSignedBy(token: string, paserk: string): Promise<boolean | undefined> {
  try {
    const key = verificationKeyFromPaserk(paserk);
    const parsed = parsePublicToken(token);
    return parsed !== undefined && (await verifyPublicToken(parsed, key)) !== undefined;
  } catch (err) {
    if (err instanceof InvalidPaserk) return undefined;
    throw err;
  }
}
