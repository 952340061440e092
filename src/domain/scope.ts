import { AuthError } from './errors.js';

/** A scope-token (RFC 6749 section 3.3): visible ASCII without `"` and `\`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** The most scopes that a client may have or a request may name. */
export const MAX_SCOPES = 64;

/** Whether the text is one well-formed scope of at most 128 characters. */
export const isScope = (text: string): boolean => SCOPE_TOKEN.test(text);

/** Checks scopes as asked for and drops repeats, keeping the order. Fails with `invalid_scope`. */
export function scopesFromRequest(asked: readonly string[]): string[] {
  if (asked.length > MAX_SCOPES)
    throw new AuthError('invalid_scope', `At most ${MAX_SCOPES} scopes may be asked for.`);
  if (!asked.every(isScope))
    throw new AuthError('invalid_scope', 'A scope has characters that none may have.');
  return [...new Set(asked)];
}

/**
 * The scopes that a token gets: exactly those asked for, all of which must be allowed, or else the default ones.
 * Never narrowed silently. Fails with `invalid_scope`.
 */
export function grantScopes(
  asked: readonly string[],
  client: { allowedScopes: readonly string[]; defaultScopes: readonly string[] },
): readonly string[] {
  const wanted = scopesFromRequest(asked);
  if (wanted.length > 0) {
    if (!wanted.every((scope) => client.allowedScopes.includes(scope))) {
      throw new AuthError('invalid_scope', 'A scope that was asked for is not allowed for this client.');
    }
    return wanted;
  }
  if (client.defaultScopes.length === 0 && client.allowedScopes.length > 0) {
    throw new AuthError(
      'invalid_scope',
      'This client has no default scopes, so it has to name those it wants.',
    );
  }
  return client.defaultScopes;
}
