/**
 * Remembers every secret that is made or used within the process of the tests: signing keys, master keys, peppers,
 * client secrets, and the signatures without which a token is of no use. Each of them passes through node:crypto, so
 * that is where they are noted, whichever test they are of; only the first bytes are kept.
 */
import crypto, { type KeyObject } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { SecretSearch } from './secret-search.js';

/** The secrets so far. */
export const madeSecrets = new SecretSearch();

/** Notes a secret that was made in another process; of a PASERK, the key in it. */
export function noteSecret(name: string, secret: string): void {
  madeSecrets.add(name, /^k4\.\w+\./.test(secret) ? keyIn(secret) : secret);
}

/** Notes a token that was made in another process: by its signature, which comes last in its payload. */
export function noteToken(token: string): void {
  madeSecrets.add('token', Buffer.from(token.split('.')[2] ?? '', 'base64url').subarray(-64));
}

const keyIn = (paserk: string): Buffer => Buffer.from(paserk.slice(paserk.lastIndexOf('.') + 1), 'base64url');

/** What is hashed for an HMAC-SHA-256: the key, padded to a block, and then the client secret. */
const HMAC_PAD_BYTES = 64;

/** Begins to remember; to be called before anything else is loaded. */
export function rememberSecrets(): void {
  const { createPrivateKey, createSecretKey, generateKeyPairSync, hash, sign } = crypto;

  const notePrivate = (key: KeyObject): KeyObject => {
    if (key.asymmetricKeyType === 'ed25519') {
      madeSecrets.add('signing key', key.export({ format: 'der', type: 'pkcs8' }).subarray(-32));
    }
    return key;
  };
  const noteSignature = <T extends Uint8Array>(signature: T): T => {
    madeSecrets.add('token', signature);
    return signature;
  };

  Object.assign(crypto, {
    createPrivateKey: (...args: Parameters<typeof createPrivateKey>) =>
      notePrivate(createPrivateKey(...args)),
    generateKeyPairSync: (...args: Parameters<typeof generateKeyPairSync>) => {
      const pair = generateKeyPairSync(...args) as unknown as { privateKey: KeyObject };
      if (pair.privateKey instanceof crypto.KeyObject) notePrivate(pair.privateKey);
      return pair;
    },
    createSecretKey: (...args: Parameters<typeof createSecretKey>) => {
      const key = createSecretKey(...args);
      madeSecrets.add('master key or pepper', key.export());
      return key;
    },
    hash: (...args: Parameters<typeof hash>) => {
      const [, message] = args;
      if (Buffer.isBuffer(message)) madeSecrets.add('client secret', message.subarray(HMAC_PAD_BYTES));
      return hash(...args);
    },
    sign: (...[algorithm, data, key, done]: Parameters<typeof sign>) =>
      done === undefined
        ? noteSignature(sign(algorithm, data, key))
        : sign(algorithm, data, key, (err, signature) => {
            if (err === null) noteSignature(signature);
            done(err, signature);
          }),
  });
  syncBuiltinESMExports();
}
