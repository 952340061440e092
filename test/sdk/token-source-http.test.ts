import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createTokenSource, type TokenSource, type TokenSourceOptions } from '../../src/sdk/token-source.js';
import { rejection } from './rejection.js';
import { type TimedClock, timedClock } from './timed-clock.js';

describe('createTokenSource over HTTP', () => {
  let server: Server;
  let endpoint: string;
  let answer: (req: IncomingMessage, body: string, res: ServerResponse) => void;
  let clock: TimedClock;
  let sources: TokenSource[];

  beforeEach(async () => {
    server = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk) => {
        body += chunk;
      });
      req.on('end', () => answer(req, body, res));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth/token`;
    clock = timedClock();
    sources = [];
  });

  afterEach(() => {
    for (const source of sources) source.close();
    server.close();
    server.closeAllConnections();
  });

  function sourceFor(options: Partial<TokenSourceOptions> = {}): TokenSource {
    const source = createTokenSource({
      tokenEndpoint: endpoint,
      clientId: 'caller',
      clientSecret: 'cs_secret',
      clock,
      random: () => 0,
      ...options,
    });
    sources.push(source);
    return source;
  }

  const json = (
    res: ServerResponse,
    httpStatus: number,
    body: unknown,
    headers: Record<string, string> = {},
  ) =>
    res.writeHead(httpStatus, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

  it('sends a client_credentials form with HTTP Basic, each part form-encoded first', async () => {
    let seen: unknown;
    answer = (req, body, res) => {
      const basic = Buffer.from(String(req.headers.authorization).replace('Basic ', ''), 'base64').toString();
      seen = { method: req.method, type: req.headers['content-type'], basic, body };
      json(res, 200, { access_token: 'token', token_type: 'Bearer', expires_in: 60 });
    };
    const source = sourceFor({
      clientId: 'a:b',
      clientSecret: 'p%+ ä',
      scopes: ['r', 'w'],
      audience: 'https://api.test/x?y',
    });
    expect(await source.token()).to.equal('token');
    expect(seen).to.deep.equal({
      method: 'POST',
      type: 'application/x-www-form-urlencoded',
      basic: 'a%3Ab:p%25%2B+%C3%A4',
      body: 'grant_type=client_credentials&scope=r+w&audience=https%3A%2F%2Fapi.test%2Fx%3Fy',
    });
  });

  it('passes on the code of an OAuth error', async () => {
    answer = (_req, _body, res) =>
      json(res, 400, { error: 'invalid_scope', error_description: 'No such scope.' });
    const err = await rejection(sourceFor().token());
    expect([err.code, err.message]).to.deep.equal(['invalid_scope', 'No such scope.']);
  });

  for (const [name, value] of [
    ['seconds', () => '9'],
    ['an HTTP date', () => new Date(clock.now() + 9000).toUTCString()],
  ] as const) {
    it(`honours Retry-After in ${name}`, async () => {
      let calls = 0;
      answer = (_req, _body, res) => {
        calls += 1;
        res.writeHead(503, { 'retry-after': value() }).end();
      };
      const source = sourceFor();
      expect((await rejection(source.token())).code).to.equal('temporarily_unavailable');
      clock.advance(8900);
      await rejection(source.token());
      expect(calls).to.equal(1);
      clock.advance(101);
      await rejection(source.token());
      expect(calls).to.equal(2);
    });
  }

  it('never follows a redirect with the secret', async () => {
    let calls = 0;
    answer = (_req, _body, res) => {
      calls += 1;
      res.writeHead(307, { location: '/elsewhere' }).end();
    };
    expect((await rejection(sourceFor().token())).code).to.equal('temporarily_unavailable');
    expect(calls).to.equal(1);
  });

  it('takes nothing for a token that is not one', async () => {
    const answers: [number, unknown][] = [
      [200, { access_token: '', token_type: 'Bearer', expires_in: 60 }],
      [200, { access_token: 't', token_type: 'mac', expires_in: 60 }],
      [200, { access_token: 't', token_type: 'Bearer', expires_in: 'soon' }],
      [200, 'x'.repeat(70_000)],
      [200, null],
    ];
    for (const [httpStatus, body] of answers) {
      answer = (_req, _body, res) => json(res, httpStatus, body);
      const err = await rejection(sourceFor().token());
      expect(err.code).to.be.oneOf(['internal', 'temporarily_unavailable']);
    }
  });

  it('sends a secret in the clear to loopback alone, unless told otherwise', () => {
    const tokenEndpoint = 'http://auth.test/oauth/token';
    expect(() => sourceFor({ tokenEndpoint })).to.throw(TypeError, /https/);
    sourceFor({ tokenEndpoint, allowPlaintext: true });
  });

  it('gives up when the endpoint hangs', async () => {
    answer = () => {};
    const err = await rejection(sourceFor({ timeoutMs: 20 }).token());
    expect(err.code).to.equal('temporarily_unavailable');
  });
});
