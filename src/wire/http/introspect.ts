import type { AuthenticToken } from '../../domain/token.js';
import type { UseCases } from '../../domain/use-cases.js';
import { CREDENTIAL_PARAMETERS } from './credentials.js';
import type { FormEndpoint } from './form-endpoint.js';

/** `POST /oauth/introspect`: whether a token is good now (RFC 7662). */
export const introspectEndpoint = ({ introspectToken }: Pick<UseCases, 'introspectToken'>) =>
  ({
    path: '/oauth/introspect',
    rpc: 'IntrospectToken',
    shape: { names: [...CREDENTIAL_PARAMETERS, 'token', 'token_type_hint'] },
    acceptsBearer: true,
    // Section 2.3: a bearer that may not do this is answered as any other failed authentication.
    exceptions: { insufficient_scope: { status: 401, challenge: 'Bearer' } },
    answer: async (form, call) =>
      introspectionBody(await introspectToken({ token: form.one('token') }, call)),
  }) satisfies FormEndpoint<string>;

/** Section 2.2: of a token that is not active nothing is said, not even why. */
function introspectionBody(alive: AuthenticToken | undefined) {
  if (alive === undefined) return { active: false };
  const { claims } = alive;
  return {
    active: true,
    client_id: claims.clientId,
    sub: claims.clientId,
    aud: claims.audience,
    iss: claims.issuer,
    ...(claims.scopes.length > 0 && { scope: claims.scopes.join(' ') }),
    token_type: 'Bearer',
    jti: claims.tokenId,
    iat: claims.issuedAtSeconds,
    nbf: claims.notBeforeSeconds,
    exp: claims.expiresAtSeconds,
    ...(claims.ext !== undefined && { ext: claims.ext }),
  };
}
