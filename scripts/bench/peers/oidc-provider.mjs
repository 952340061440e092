/**
 * oidc-provider for the benchmark: over memory, with the one grant, as quick as its settings allow. Says its port as a
 * JSON line.
 *
 * Usage: node scripts/bench/peers/oidc-provider.mjs opaque|jwt
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const format = process.argv[2] ?? 'opaque';
const AUDIENCE = 'https://stock.example';
const key = {
  ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
  use: 'sig',
  alg: 'EdDSA',
  kid: 'k1',
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    jwks: { keys: [key] },
    scopes: ['stock:read'],
    clients: [
      {
        client_id: 'bench',
        client_secret: process.env.BENCH_CLIENT_SECRET,
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: 'EdDSA',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        getResourceServerInfo: () => ({
          scope: 'stock:read',
          audience: AUDIENCE,
          accessTokenFormat: format,
          accessTokenTTL: 3600,
          ...(format === 'jwt' && { jwt: { sign: { alg: 'EdDSA' } } }),
        }),
      },
    },
  });
  server.on('request', provider.callback());
  console.log(JSON.stringify({ msg: 'listening', port }));
});
process.on('SIGTERM', () => process.exit(0));
