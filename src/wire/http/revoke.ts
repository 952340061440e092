import type { UseCases } from '../../domain/use-cases.js';
import { CREDENTIAL_PARAMETERS } from './credentials.js';
import type { FormEndpoint } from './form-endpoint.js';

/** `POST /oauth/revoke`: ends a token (RFC 7009). Success has no body. */
export const revokeEndpoint = ({ revokeToken }: Pick<UseCases, 'revokeToken'>) =>
  ({
    path: '/oauth/revoke',
    rpc: 'RevokeToken',
    shape: { names: [...CREDENTIAL_PARAMETERS, 'token', 'token_type_hint'] },
    acceptsBearer: false,
    // Section 2.1 wants the caller told and names no code; the caller is who it says, so it is neither 401 nor 403.
    exceptions: { insufficient_scope: { status: 400, error: 'invalid_request' } },
    answer: async (form, call) => {
      await revokeToken({ token: form.one('token') }, call);
      return undefined;
    },
  }) satisfies FormEndpoint<string>;
