import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type HttpGuardOptions, httpGuard } from '../../src/sdk/http-guard.js';
import { principalOf } from '../../src/sdk/principal-of.js';
import { FakeVerifier } from './fake-verifier.js';

interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

describe('httpGuard', () => {
  let server: Server | undefined;
  let verifier: FakeVerifier;
  let failure: unknown;

  beforeEach(() => {
    verifier = new FakeVerifier();
    failure = undefined;
  });

  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
  });

  /** Serves a handler behind the guard, and asks it once. Headers by turns name and value, so that they may repeat. */
  async function ask(
    options: HttpGuardOptions,
    headers: string[],
    path = '/orders',
    before: (req: IncomingMessage) => void = () => {},
  ): Promise<Answer> {
    const guard = httpGuard(verifier, options);
    server = createServer((req, res) => {
      before(req);
      guard(req, res, (err) => {
        failure = err;
        if (err === undefined) res.end(principalOf(req).clientId);
        else res.writeHead(500).end();
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const sent = request(
        { port, host: '127.0.0.1', path, headers: ['Host', 'orders.test', ...headers] },
        (res) => {
          let body = '';
          res.on('data', (chunk) => {
            body += chunk;
          });
          res.on('end', () =>
            resolve({
              status: res.statusCode ?? 0,
              challenge: res.headers['www-authenticate'],
              retryAfter: res.headers['retry-after'],
              body,
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end();
    });
  }

  const bearer = (token: string) => ['Authorization', `Bearer ${token}`];

  it('lets a token with the scopes through, and puts its principal on the request', async () => {
    verifier.accept('t', ['a', 'b']);
    const answer = await ask({ scopes: ['a', 'b'] }, bearer('t'));
    expect([answer.status, answer.body]).to.deep.equal([200, 'client-of-t']);
  });

  it('R1: answers 401 without an error code when no token came', async () => {
    for (const headers of [[], ['Authorization', 'Basic eDp5']]) {
      expect(await ask({ realm: 'orders' }, headers)).to.deep.equal({
        status: 401,
        challenge: 'Bearer realm="orders"',
        retryAfter: undefined,
        body: '',
      });
      server?.close();
    }
  });

  const MALFORMED =
    'Bearer realm="api", error="invalid_request", ' +
    'error_description="The access token is malformed, repeated or sent in more than one way"';

  for (const [what, headers, path] of [
    ['two Authorization headers', [...bearer('t'), ...bearer('t')], '/'],
    ['two tokens in one header', ['Authorization', 'Bearer t, Bearer t'], '/'],
    ['no token after the scheme', ['Authorization', 'Bearer'], '/'],
    ['a header and the query', bearer('t'), '/?a=1&access_token=t'],
  ] as const) {
    it(`R2: answers 400 invalid_request to ${what}`, async () => {
      verifier.accept('t', []);
      const answer = await ask({}, [...headers], path);
      expect([answer.status, answer.challenge]).to.deep.equal([400, MALFORMED]);
    });
  }

  it('R2: answers 400 invalid_request to a token in header and form, where a form was parsed before', async () => {
    verifier.accept('t', []);
    const form = ['Content-Type', 'application/x-www-form-urlencoded'];
    const answer = await ask({}, [...bearer('t'), ...form], '/', (req) =>
      Object.assign(req, { body: { access_token: 't' } }),
    );
    expect([answer.status, answer.challenge]).to.deep.equal([400, MALFORMED]);
  });

  it('R3: answers 401 invalid_token to whatever the verifier refuses', async () => {
    const answer = await ask({}, bearer('t'));
    expect(answer).to.deep.equal({
      status: 401,
      challenge:
        'Bearer realm="api", error="invalid_token", error_description="The access token is not valid"',
      retryAfter: undefined,
      body: '{"error":"invalid_token","error_description":"The access token is not valid"}',
    });
  });

  it('R4: answers 403 insufficient_scope and names the scopes', async () => {
    verifier.accept('t', ['a'], { warm: true });
    const answer = await ask({ scopes: { all: ['a', 'b'], any: ['c', 'd'] } }, bearer('t'));
    expect(answer.status).to.equal(403);
    expect(answer.challenge).to.equal(
      'Bearer realm="api", error="insufficient_scope", ' +
        'error_description="The access token lacks a scope", scope="a b c d"',
    );
  });

  it('R5: refuses a token in the query, however it is spelled', async () => {
    verifier.accept('t', []);
    for (const path of ['/?access_token=t', '/?x=1&access%5Ftoken=t', '/?access_token']) {
      const answer = await ask({}, [], path);
      expect([answer.status, answer.challenge]).to.deep.equal([400, MALFORMED]);
      server?.close();
    }
  });

  it('answers 503 and when to try again while the verifier is unsure: the token may be good', async () => {
    verifier.refusal = 'stale';
    const answer = await ask({}, bearer('t'));
    expect([answer.status, answer.challenge, answer.retryAfter]).to.deep.equal([503, undefined, '1']);
    expect(JSON.parse(answer.body)).to.include({ error: 'temporarily_unavailable' });
  });

  it('passes a failure that is no refusal on to the framework', async () => {
    verifier.failure = new Error('broken');
    expect((await ask({}, bearer('t'))).status).to.equal(500);
    expect(failure).to.equal(verifier.failure);
  });

  it('is not made with a realm that would break the challenge', () => {
    expect(() => httpGuard(verifier, { realm: 'a"b' })).to.throw(TypeError, /realm/);
  });
});
