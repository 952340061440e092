/**
 * Makes and opens tokens: PASETO v4.public with our one footer. Knows nothing of clients, times or revocation.
 */
import { LRUCache } from 'lru-cache';
import type { KeyId } from '../../domain/ids.js';
import type { ReadToken, RingVersion, TokenCodec } from '../../domain/ports.js';
import type { AuthenticToken } from '../../domain/token.js';
import type { SecretKey } from './paserk.js';
import { type ParsedToken, parsePublicToken } from './public-token.js';
import { poolChecker, type TokenChecker } from './token-checker.js';
import { claimsFromPayload } from './token-claims.js';
import { makePoolSigner, type TokenSigner } from './token-signer.js';
import type { VerificationKey } from './verification-key.js';
import { payloadFromClaims, readWritten, type Written } from './written-payload.js';

/** Where the codec's keys come from. */
export interface CodecKeys {
  /** The key that signs now, as of `ringVersion`. Fails with `temporarily_unavailable`. */
  signingKey(ringVersion: RingVersion): SecretKey | Promise<SecretKey>;
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
export function makeTokenCodec(ports: {
  readonly keys: CodecKeys;
  readonly issuer: string;
  /** Left out: the thread pool. */
  readonly signer?: TokenSigner;
  /** Likewise. */
  readonly checker?: TokenChecker;
}): TokenCodec {
  const { keys, issuer, signer = makePoolSigner(), checker = poolChecker } = ports;
  const opened = new LRUCache<string, AuthenticToken>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (_, token) => 2 * token.length + ENTRY_OVERHEAD_BYTES,
  });

  async function check(
    token: string,
    parsed: ParsedToken,
    written: Written | undefined,
  ): Promise<AuthenticToken | undefined> {
    const key = await keys.verificationKey(parsed.keyId);
    if (key === undefined || !(await checker.isSigned(token, parsed, key))) return undefined;
    const isWhole = written !== undefined && written.ext === undefined;
    const claims = isWhole ? written.claims : claimsFromPayload(parsed.message);
    if (claims?.issuer !== issuer) return undefined;
    const authentic = { claims, keyId: parsed.keyId };
    opened.set(token, authentic);
    return authentic;
  }

  function read(token: string): ReadToken {
    const known = opened.get(token);
    if (known !== undefined) return { claimed: known, prove: () => known };
    const parsed = parsePublicToken(token);
    if (parsed === undefined) return NOTHING;
    const written = readWritten(parsed.message.toString('latin1'));
    return {
      claimed: written && { claims: written.claims, keyId: parsed.keyId },
      prove: () => check(token, parsed, written),
    };
  }

  return {
    sign(claims, ringVersion) {
      const key = keys.signingKey(ringVersion);
      return key instanceof Promise
        ? key.then((read) => signer.sign(payloadFromClaims(claims), read))
        : signer.sign(payloadFromClaims(claims), key);
    },

    open: async (token) => read(token).prove(),
    read,
  };
}

/** Of a text that is no token. */
const NOTHING: ReadToken = { claimed: undefined, prove: () => undefined };
