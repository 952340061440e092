import type { IssuedToken } from '../../domain/issue-token.js';
import type { UseCases } from '../../domain/use-cases.js';
import { CREDENTIAL_PARAMETERS } from './credentials.js';
import type { FormEndpoint } from './form-endpoint.js';

/** `POST /oauth/token`: client credentials for a token (RFC 6749 section 4.4, RFC 8707). */
export const tokenEndpoint = ({ issueToken }: Pick<UseCases, 'issueToken'>) =>
  ({
    path: '/oauth/token',
    rpc: 'IssueToken',
    shape: {
      names: [...CREDENTIAL_PARAMETERS, 'grant_type', 'scope', 'audience', 'resource'],
      repeatable: ['resource'],
    },
    acceptsBearer: false,
    answer: async (form, call) => {
      const scope = form.one('scope');
      const issued = await issueToken(
        {
          grantType: form.one('grant_type'),
          scopes: scope === '' ? [] : scope.split(' '),
          audience: form.one('audience'),
          resources: form.all('resource'),
          ttlSeconds: 0,
        },
        call,
      );
      return tokenBody(issued);
    },
  }) satisfies FormEndpoint<string>;

/** RFC 6749 section 5.1. A `scope` of no scopes cannot be written, so it is left out. */
const tokenBody = ({ accessToken, expiresInSeconds, scopes }: IssuedToken) => ({
  access_token: accessToken,
  token_type: 'Bearer',
  expires_in: expiresInSeconds,
  ...(scopes.length > 0 && { scope: scopes.join(' ') }),
});
