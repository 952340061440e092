import type { TokenClaims } from '../../src/domain/token.js';
import type { Verifier, VerifierMetrics } from '../../src/sdk/create-verifier.js';
import { type RefusalReason, VerifyError } from '../../src/sdk/errors.js';
import { type Principal, principalFromClaims } from '../../src/sdk/principal.js';

/** A verifier that knows the tokens it is told of. */
export class FakeVerifier implements Verifier {
  readonly #principals = new Map<string, Principal>();
  readonly #warm = new Set<string>();
  /** Why tokens that it does not know are refused. */
  refusal: RefusalReason = 'malformed';
  failure: unknown;

  accept(token: string, scopes: readonly string[], options: { warm?: boolean } = {}): void {
    const claims = {
      clientId: `client-of-${token}`,
      scopes,
      audience: 'a',
      tokenId: token,
      expiresAtSeconds: 4e9,
    };
    this.#principals.set(token, principalFromClaims({ ...claims, ext: undefined } as unknown as TokenClaims));
    if (options.warm) this.#warm.add(token);
  }

  revoke(token: string): void {
    this.#principals.delete(token);
  }

  check(token: string): Principal | undefined {
    return this.#warm.has(token) ? this.#principals.get(token) : undefined;
  }

  async verify(token: string): Promise<Principal> {
    if (this.failure !== undefined) throw this.failure;
    const principal = this.#principals.get(token);
    if (principal === undefined) throw new VerifyError(this.refusal);
    return principal;
  }

  staleness = () => 0;
  ready = async () => {};
  on = () => () => {};
  close() {}
  metrics(): VerifierMetrics {
    throw new Error('This fake counts nothing.');
  }
}
