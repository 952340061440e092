import type { Credential } from '../domain/call.js';
import { invalidClient } from '../domain/errors.js';
import { parseBasicCredentials } from './basic-credentials.js';

/** Whether what is behind it is a token is not for a door to say (RFC 6750 section 2.1). */
const BEARER = /^bearer(?: +(.*))?$/i;

/**
 * What an `authorization` header or metadata entry presents. One of a scheme that does not count here, or a Basic one
 * that cannot be read, is a failed authentication: `invalid_client`.
 */
export function credentialFromAuthorization(authorization: string): Exclude<Credential, { kind: 'none' }> {
  const bearer = BEARER.exec(authorization);
  if (bearer !== null) return { kind: 'bearer', token: bearer[1] ?? '' };
  const basic = parseBasicCredentials(authorization);
  if (basic === undefined) throw invalidClient();
  return { kind: 'secret', ...basic };
}
