/** oidc-provider with what a server for machines needs switched on, everything else as it comes. */
import { createServer } from 'node:http';
import Provider, { errors } from 'oidc-provider';
import { AUDIENCE, CLIENTS, SCOPE, SECOND_AUDIENCE, SECOND_SCOPE, tellPort } from './clients.mjs';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const scope = `${SCOPE} ${SECOND_SCOPE}`;
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    scopes: [SCOPE, SECOND_SCOPE],
    clients: Object.entries(CLIENTS).map(([part, { id, secret }]) => ({
      client_id: id,
      client_secret: secret,
      grant_types: part === 'introspectionOnly' ? [] : ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope,
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        getResourceServerInfo: (_ctx, resource) => {
          if (resource !== AUDIENCE && resource !== SECOND_AUDIENCE) throw new errors.InvalidTarget();
          return { scope, audience: resource, accessTokenFormat: 'opaque' };
        },
      },
    },
  });
  server.on('request', provider.callback());
  tellPort(port);
});
