import { isSignedBy, type ParsedToken } from './public-token.js';
import type { VerificationKey } from './verification-key.js';

/** Checks signatures of tokens, whoever does the work. */
export interface TokenChecker {
  /** Whether the key signed the token, which is given whole and taken apart. Rejects only where nobody can tell. */
  isSigned(token: string, parsed: ParsedToken, key: VerificationKey): Promise<boolean>;
}

/** Checks on the thread pool that every Node process has, one task for each token. */
export const poolChecker: TokenChecker = {
  isSigned: (_token, parsed, key) => isSignedBy(parsed, key),
};
