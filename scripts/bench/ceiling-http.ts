/**
 * The ceiling that `POST /oauth/token` is measured against: bare Fastify, its body as text, one asynchronous Ed25519
 * signature, and a token-sized JSON answer. Says its port as a JSON line.
 *
 * Usage: tsx scripts/bench/ceiling-http.ts
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';

const { privateKey } = generateKeyPairSync('ed25519');
const message = Buffer.alloc(480, 'm');
const answer = {
  access_token: `v4.public.${'t'.repeat(640)}`,
  token_type: 'Bearer',
  expires_in: 3600,
  scope: 'a',
};

const app = fastify();
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
  done(null, body),
);
app.post('/oauth/token', (_request, reply) => {
  sign(null, message, privateKey, () => reply.send(answer));
});
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(JSON.stringify({ msg: 'listening', port: (app.server.address() as AddressInfo).port }));
process.on('SIGTERM', () => process.exit(0));
