import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import { fastify } from 'fastify';
import { httpGuard } from '../../src/sdk/http-guard.js';
import { principalOf } from '../../src/sdk/principal-of.js';
import { FakeVerifier } from './fake-verifier.js';

/** Each serves `/api/orders` behind the guard, and `/open` beside it. */
const FRAMEWORKS: Readonly<Record<string, (verifier: FakeVerifier) => Promise<RequestListener>>> = {
  Express: async (verifier) => {
    const orders = express.Router();
    orders.use(httpGuard(verifier, { scopes: 'orders:read' }));
    orders.all('/orders', (req, res) => void res.send(principalOf(req).clientId));
    const app = express();
    app.use(express.urlencoded());
    app.get('/open', (_, res) => void res.send('open'));
    app.use('/api', orders);
    return app;
  },
  Fastify: async (verifier) => {
    const app = fastify();
    const guard = httpGuard(verifier, { scopes: 'orders:read' });
    app.get('/open', async () => 'open');
    await app.register(
      async (orders) => {
        orders.addHook('onRequest', (request, reply, done) => guard(request.raw, reply.raw, () => done()));
        orders.get('/orders', async (request) => principalOf(request.raw).clientId);
      },
      { prefix: '/api' },
    );
    await app.ready();
    return app.routing;
  },
};

for (const [name, build] of Object.entries(FRAMEWORKS)) {
  describe(`httpGuard in ${name}`, () => {
    let server: Server;
    let origin: string;
    const verifier = new FakeVerifier();

    before(async () => {
      verifier.accept('reader', ['orders:read']);
      verifier.accept('writer', ['orders:write']);
      server = createServer(await build(verifier));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(() => {
      server.close();
      server.closeAllConnections();
    });

    const ask = (path: string, token?: string): Promise<Response> =>
      fetch(`${origin}${path}`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });

    it('lets a token with the scopes through to the handler, which learns whose it is', async () => {
      const answer = await ask('/api/orders', 'reader');
      expect([answer.status, await answer.text()]).to.deep.equal([200, 'client-of-reader']);
    });

    it('refuses in the words of RFC 6750, and the handler never runs', async () => {
      const [none, unknown, poor] = await Promise.all([
        ask('/api/orders'),
        ask('/api/orders', 'nobodys'),
        ask('/api/orders', 'writer'),
      ]);
      expect([none.status, none.headers.get('www-authenticate'), await none.text()]).to.deep.equal([
        401,
        'Bearer realm="api"',
        '',
      ]);
      expect(unknown.status).to.equal(401);
      expect(await unknown.json()).to.have.property('error', 'invalid_token');
      expect(poor.status).to.equal(403);
      expect(poor.headers.get('www-authenticate')).to.contain('scope="orders:read"');
    });

    it('finds a token in the query, whatever the framework makes of the path', async () => {
      const answer = await ask('/api/orders?access_token=reader', 'reader');
      expect(answer.status).to.equal(400);
    });

    it('leaves alone what is not behind it', async () => {
      expect(await (await ask('/open')).text()).to.equal('open');
    });
  });
}

describe('httpGuard behind a parser of forms', () => {
  it('refuses a token that comes in the form as well', async () => {
    const verifier = new FakeVerifier();
    verifier.accept('reader', ['orders:read']);
    const server = createServer(await (FRAMEWORKS.Express?.(verifier) ?? Promise.reject(new Error('none'))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/api/orders`, {
        method: 'POST',
        headers: { authorization: 'Bearer reader' },
        body: new URLSearchParams({ access_token: 'reader' }),
      });
      expect(answer.status).to.equal(400);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
