import { LRUCache } from 'lru-cache';
import {
  type ParsedToken,
  parsePublicToken,
  type VerificationKey,
  verifyPublicToken,
} from '../adapters/paseto/public-token.js';
import { errorFromService, VerifyError } from './errors.js';
import type { KeySet } from './key-set.js';
import { type VerifiedToken, verifiedToken } from './verified-token.js';

export interface AuthenticatorOptions {
  readonly keys: Pick<KeySet, 'known' | 'find'>;
  readonly issuer: string;
  readonly audience: string;
  /** Memory for tokens verified before; the least used are dropped first. */
  readonly cacheBytes: number;
}

/** Signatures under way at once; past it, a flood of forgeries would hold up the whole thread pool. */
const MAX_UNDER_WAY = 1000;
/** Heap that an entry takes beside its texts, as measured; the token's length stands for its claims too. */
const ENTRY_BYTES = 1000;

/** Finds out what is true of a token for good: signature, form, issuer and audience. Remembers it. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #cache: LRUCache<string, VerifiedToken>;
  readonly #underWay = new Map<string, Promise<VerifiedToken>>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#cache = new LRUCache({
      maxSize: options.cacheBytes,
      sizeCalculation: (_verified, token) => ENTRY_BYTES + 2 * token.length,
    });
  }

  /** What is remembered of a token. */
  known(token: string): VerifiedToken | undefined {
    return this.#cache.get(token);
  }

  /** One signature check for each token, however many present it at once. Rejects with `VerifyError`. */
  authenticate(token: string): Promise<VerifiedToken> {
    const underWay = this.#underWay.get(token);
    if (underWay !== undefined) return underWay;
    if (this.#underWay.size >= MAX_UNDER_WAY) return Promise.reject(new VerifyError('overloaded'));
    const parsed = typeof token === 'string' ? parsePublicToken(token) : undefined;
    if (parsed === undefined) return Promise.reject(new VerifyError('malformed'));
    const authenticating = this.#authenticate(token, parsed);
    this.#underWay.set(token, authenticating);
    return authenticating;
  }

  get size(): { readonly tokens: number; readonly bytes: number } {
    return { tokens: this.#cache.size, bytes: this.#cache.calculatedSize };
  }

  /** Waits before it ends, in any case, so that what it deletes is there. */
  async #authenticate(token: string, parsed: ParsedToken): Promise<VerifiedToken> {
    try {
      const { keys, issuer, audience } = this.#options;
      const key = keys.known(parsed.keyId) ?? (await this.#findKey(parsed.keyId));
      const claims = await verifyPublicToken(parsed, key);
      if (claims === undefined) throw new VerifyError('bad_signature');
      if (claims.issuer !== issuer) throw new VerifyError('wrong_issuer');
      if (claims.audience !== audience) throw new VerifyError('wrong_audience');
      const verified = verifiedToken(claims, key.keyId);
      this.#cache.set(token, verified);
      return verified;
    } finally {
      this.#underWay.delete(token);
    }
  }

  async #findKey(keyId: string): Promise<VerificationKey> {
    const found = await this.#options.keys.find(keyId).catch((err: unknown) => {
      throw new VerifyError('no_keys', { cause: errorFromService(err) });
    });
    if (found === undefined) throw new VerifyError('unknown_key');
    return found;
  }
}
