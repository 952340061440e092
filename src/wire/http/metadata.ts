import type { FastifyReply, FastifyRequest } from 'fastify';
import { documentOf, sendDocument } from './document.js';
import type { IssuerPlaces } from './issuer-places.js';

/** Registered by RFC 8414 section 7.3. */
export const METADATA_NAME = 'oauth-authorization-server';
export const KEYS_NAME = 'paseto-keys';

/** It changes with a deployment only. */
const MAX_AGE_SECONDS = 300;

const CLIENT_METHODS = ['client_secret_basic', 'client_secret_post'] as const;

/** `GET /.well-known/oauth-authorization-server`: what there is here (RFC 8414). */
export function makeMetadataHandler(issuer: string, places: IssuerPlaces) {
  const document = documentOf({
    issuer,
    token_endpoint: places.endpointUrl('/oauth/token'),
    token_endpoint_auth_methods_supported: CLIENT_METHODS,
    // Absent would mean authorization_code and implicit.
    grant_types_supported: ['client_credentials'],
    // Required, though nothing here responds to an authorization request; and an empty list must be left out.
    response_types_supported: ['none'],
    introspection_endpoint: places.endpointUrl('/oauth/introspect'),
    introspection_endpoint_auth_methods_supported: [...CLIENT_METHODS, 'Bearer'],
    revocation_endpoint: places.endpointUrl('/oauth/revoke'),
    revocation_endpoint_auth_methods_supported: CLIENT_METHODS,
    // A member of our own: PASERK is no JWK, and a client that found these in jwks_uri would misread them.
    paseto_keys_uri: places.wellKnownUrl(KEYS_NAME),
  });
  return (request: FastifyRequest, reply: FastifyReply): void =>
    sendDocument(request, reply, document, MAX_AGE_SECONDS);
}
