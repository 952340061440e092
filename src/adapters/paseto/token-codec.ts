/**
 * Makes and opens tokens: PASETO v4.public with our one footer. Knows nothing of clients, times or revocation.
 */
import { sign } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { KeyId } from '../../domain/ids.js';
import type { RingVersion, TokenCodec } from '../../domain/ports.js';
import type { AuthenticToken, TokenClaims } from '../../domain/token.js';
import type { SecretKey } from './paserk.js';
import { footerFor, parsePublicToken, TOKEN_HEADER, verifyPublicToken } from './public-token.js';
import { signFrame } from './sign-frame.js';
import { payloadFromClaims } from './token-claims.js';
import type { VerificationKey } from './verification-key.js';

/** Where the codec's keys come from. */
export interface CodecKeys {
  /** The key that signs now, as of `ringVersion`. Fails with `temporarily_unavailable`. */
  signingKey(ringVersion: RingVersion): Promise<SecretKey>;
  /** The key by this id, asking the store for one that is not known yet; undefined when there is none. */
  verificationKey(keyId: KeyId): Promise<VerificationKey | undefined>;
}

/** How much memory opened tokens may take. */
const CACHE_BYTES = 16 * 1024 * 1024;
/** What a cached token takes beside its text, roughly twice: as key and, in pieces, as claims. */
const ENTRY_OVERHEAD_BYTES = 1024;

/**
 * The codec for one issuer's tokens.
 *
 * Opening remembers: a token that is asked about again costs no signature. Only tokens found good are remembered, so
 * garbage cannot push them out, and only what can never change of them: who signed what. Whether the key is still
 * trusted, and whether the token is alive, is asked elsewhere each time.
 */
export function makeTokenCodec(ports: { readonly keys: CodecKeys; readonly issuer: string }): TokenCodec {
  const { keys, issuer } = ports;
  const opened = new LRUCache<string, AuthenticToken>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (_, token) => 2 * token.length + ENTRY_OVERHEAD_BYTES,
  });
  let footer: KeyFooter | undefined;

  return {
    async sign(claims, ringVersion) {
      const key = await keys.signingKey(ringVersion);
      const { keyId } = key.verificationKey;
      if (footer?.keyId !== keyId) footer = keyFooter(keyId);
      return { token: await signToken(claims, key, footer), keyId };
    },

    async open(token) {
      const known = opened.get(token);
      if (known !== undefined) return known;
      const parsed = parsePublicToken(token);
      if (parsed === undefined) return undefined;
      const key = await keys.verificationKey(parsed.keyId);
      const claims = key && (await verifyPublicToken(parsed, key));
      if (claims?.issuer !== issuer) return undefined;
      const authentic = { claims, keyId: parsed.keyId };
      opened.set(token, authentic);
      return authentic;
    },

    recall: (token) => opened.get(token),
  };
}

/** The footer of one key's tokens, as signed and as written. */
interface KeyFooter {
  readonly keyId: KeyId;
  readonly bytes: Buffer;
  /** With its full stop: how every token of the key ends. */
  readonly ending: string;
}

function keyFooter(keyId: KeyId): KeyFooter {
  const bytes = Buffer.from(footerFor(keyId));
  return { keyId, bytes, ending: `.${bytes.toString('base64url')}` };
}

/** Signs on the thread pool, so that issuing holds up nothing else. */
function signToken(claims: TokenClaims, key: SecretKey, footer: KeyFooter): Promise<string> {
  const message = Buffer.from(payloadFromClaims(claims));
  return new Promise((resolve, reject) => {
    sign(null, signFrame(message, footer.bytes), key.keyObject, (err, signature) => {
      if (err) reject(err);
      else resolve(TOKEN_HEADER + Buffer.concat([message, signature]).toString('base64url') + footer.ending);
    });
  });
}
