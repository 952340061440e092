/** @node-oauth/oauth2-server behind Express, as its documentation shows it; it has a token endpoint and no others. */
import { randomBytes } from 'node:crypto';
import OAuthServer from '@node-oauth/express-oauth-server';
import express from 'express';
import { CLIENTS, SCOPE, SECOND_SCOPE, tellPort } from './clients.mjs';

const ALLOWED = [SCOPE, SECOND_SCOPE];

const model = {
  getClient: async (id, secret) => {
    const found = Object.entries(CLIENTS).find(([, client]) => client.id === id && client.secret === secret);
    if (found === undefined) return false;
    return { id, grants: found[0] === 'introspectionOnly' ? [] : ['client_credentials'] };
  },
  getUserFromClient: async () => ({}),
  validateScope: async (_user, _client, scope) => {
    if (scope === undefined) return [SCOPE];
    return scope.every((one) => ALLOWED.includes(one)) ? scope : false;
  },
  generateAccessToken: async () => randomBytes(32).toString('base64url'),
  saveToken: async (token, client, user) => ({ ...token, client, user }),
};

const app = express();
app.use(express.json());
app.use(express.urlencoded({ extended: false }));
app.post('/oauth/token', new OAuthServer({ model }).token());
const server = app.listen(0, '127.0.0.1', () => tellPort(server.address().port));
