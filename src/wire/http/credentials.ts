import type { Credential } from '../../domain/call.js';
import { invalidClient, invalidRequest } from '../../domain/errors.js';
import { credentialFromAuthorization } from '../authorization.js';
import { type Form, pairsOf } from './form.js';

/** The parameters by which a form can carry a credential; every shape of an endpoint includes them. */
export const CREDENTIAL_PARAMETERS = [
  'client_id',
  'client_secret',
  'client_assertion',
  'access_token',
] as const;
type CredentialParameter = (typeof CREDENTIAL_PARAMETERS)[number];

/** What may never be in a URI: it ends up in logs, histories and `Referer` (RFC 6749 section 2.3.1, RFC 6750 2.3). */
const NEVER_IN_QUERY: ReadonlySet<string> = new Set([...CREDENTIAL_PARAMETERS, 'token']);

/**
 * Who the caller says to be, by the header or by the body (RFC 6749 section 2.3).
 *
 * A header that cannot be read, or of a scheme that does not count here, is a failed authentication: `invalid_client`.
 * Two ways at once are refused with `invalid_request`, also when one of them is a way that this server does not have
 * (an assertion, a token in the body) or both say the same: whichever was looked at, the other would go unchecked.
 */
export function credentialFrom(
  authorization: string | undefined,
  form: Form<CredentialParameter>,
  accepts: { readonly bearer: boolean },
): Credential {
  const inHeader = authorization === undefined ? undefined : credentialFromAuthorization(authorization);
  const clientId = form.one('client_id');
  const secret = form.one('client_secret');
  const inBody = [secret, form.one('client_assertion'), form.one('access_token')].filter((way) => way !== '');
  if (inBody.length > (inHeader === undefined ? 1 : 0)) {
    throw invalidRequest('The caller authenticates in more than one way.');
  }
  if (inHeader === undefined) {
    return clientId === '' && secret === '' ? { kind: 'none' } : { kind: 'secret', clientId, secret };
  }
  if (inHeader.kind === 'bearer' && !accepts.bearer) throw invalidClient();
  if (inHeader.kind === 'secret' && clientId !== '' && clientId !== inHeader.clientId) {
    throw invalidRequest('The client_id is another one than in the Authorization header.');
  }
  return inHeader;
}

/** Refuses with `invalid_request` a target whose query holds a credential or a token, or cannot be read. */
export function refuseCredentialsInQuery(target: string): void {
  const question = target.indexOf('?');
  if (question === -1) return;
  for (const [name] of pairsOf(target.slice(question + 1))) {
    if (NEVER_IN_QUERY.has(name)) throw invalidRequest('Credentials and tokens must not be in the URI.');
  }
}
