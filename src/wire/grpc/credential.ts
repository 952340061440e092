import type { Metadata } from '@grpc/grpc-js';
import type { Call, Credential } from '../../domain/call.js';
import { invalidClient, invalidRequest } from '../../domain/errors.js';
import { credentialFromAuthorization } from '../authorization.js';

const NONE: Credential = { kind: 'none' };

/**
 * Who the caller says to be, by metadata `authorization`. Two entries are refused with `invalid_request`, since
 * whichever counted here, a proxy before us may have looked at the other.
 */
export function credentialFromMetadata(metadata: Metadata): Credential {
  const entries = metadata.get('authorization');
  if (entries.length === 0) return NONE;
  const [entry] = entries;
  if (entries.length > 1 || typeof entry !== 'string') throw invalidRequest('Metadata has two credentials.');
  return credentialFromAuthorization(entry);
}

/**
 * As {@link credentialFromMetadata}, for an RPC that only an authenticated caller may use: without a credential it is
 * refused with `invalid_client` before anything else is looked at.
 */
export function requiredCredential(metadata: Metadata): Credential {
  const credential = credentialFromMetadata(metadata);
  if (credential.kind === 'none') throw invalidClient();
  return credential;
}

/**
 * The call with the credential that its message carries, where it carries one. Refused with `invalid_request` when the
 * metadata carries one as well, even the same: of two, one would go unchecked.
 */
export function withBodyCredential(call: Call, clientId: string, secret: string): Call {
  if (clientId === '' && secret === '') return call;
  if (call.credential.kind !== 'none') throw invalidRequest('The caller authenticates in more than one way.');
  return { ...call, credential: { kind: 'secret', clientId, secret } };
}
