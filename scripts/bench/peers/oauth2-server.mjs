/**
 * @node-oauth/oauth2-server for the benchmark: straight on node:http, without the Express that its documentation puts
 * before it, over memory, opaque tokens. Says its port as a JSON line.
 *
 * Usage: node scripts/bench/peers/oauth2-server.mjs
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import OAuth2Server from '@node-oauth/oauth2-server';

const tokens = new Map();
const client = { id: 'bench', grants: ['client_credentials'] };
const oauth = new OAuth2Server({
  model: {
    getClient: async (id, secret) => id === client.id && secret === process.env.BENCH_CLIENT_SECRET && client,
    getUserFromClient: async () => ({}),
    validateScope: async (_user, _client, scope) => scope ?? ['stock:read'],
    generateAccessToken: async () => randomBytes(32).toString('base64url'),
    saveToken: async (token, owner, user) => {
      const saved = { ...token, client: owner, user };
      tokens.set(token.accessToken, saved);
      return saved;
    },
  },
});

const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', async () => {
    const body = Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString()));
    const asked = new OAuth2Server.Request({
      headers: request.headers,
      method: request.method,
      query: {},
      body,
    });
    const answer = new OAuth2Server.Response();
    await oauth.token(asked, answer).catch(() => undefined);
    response.writeHead(answer.status ?? 500, { ...answer.headers, 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ msg: 'listening', port: server.address().port }));
});
process.on('SIGTERM', () => process.exit(0));
