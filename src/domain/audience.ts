import { type ClientSettings, defaultAudienceOf } from './client.js';
import { AuthError } from './errors.js';

/** Visible ASCII: an audience is a name or a URI, and ends up in `error_description`-free places only. */
const AUDIENCE = /^[\x21-\x7e]{1,256}$/;

/** The most audiences that a client may have. */
export const MAX_AUDIENCES = 64;

/** Whether the text is a well-formed audience: 1 to 256 visible ASCII characters. */
export const isAudience = (text: string): boolean => AUDIENCE.test(text);

/**
 * The one audience that a token gets: what was asked for as `audience` or `resource` (RFC 8707), which must agree and
 * be allowed, or else the default one. Fails with `invalid_target`.
 */
export function grantAudience(
  asked: { readonly audience: string; readonly resources: readonly string[] },
  client: ClientSettings,
): string {
  const { audience, resources } = asked;
  if (!resources.every(isResourceUri)) {
    throw new AuthError('invalid_target', 'A resource must be an absolute URI without fragment.');
  }
  const targets = new Set(audience === '' ? resources : [audience, ...resources]);
  if (targets.size > 1)
    throw new AuthError('invalid_target', 'A token is for one audience: ask for one at a time.');
  const [target] = targets;
  if (target !== undefined) {
    if (!client.allowedAudiences.includes(target)) {
      throw new AuthError('invalid_target', 'This audience is not allowed for this client.');
    }
    return target;
  }
  const fallback = defaultAudienceOf(client);
  if (fallback === undefined) {
    throw new AuthError('invalid_target', 'This client has no default audience, so it has to name one.');
  }
  return fallback;
}

/** An absolute URI without a fragment (RFC 8707 section 2). */
function isResourceUri(text: string): boolean {
  return (
    isAudience(text) && !text.includes('#') && /^[A-Za-z][A-Za-z0-9+.-]*:./.test(text) && URL.canParse(text)
  );
}
