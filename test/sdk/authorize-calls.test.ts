import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { authorizingInterceptor, callCredentials } from '../../src/sdk/authorize-calls.js';
import { authorizedFetch } from '../../src/sdk/authorized-fetch.js';
import { CountersignError } from '../../src/sdk/errors.js';
import type { TokenSource } from '../../src/sdk/token-source.js';
import {
  type IntrospectTokenResponse,
  TokenServiceClient,
} from '../../src/wire/gen/countersign/v1/token_service.js';
import { FakeService, Refusal } from './fake-service.js';

/** A source that hands out `token-1`, and the next one whenever a token is given up. */
function countingSource(): TokenSource & { readonly invalidated: string[] } {
  const invalidated: string[] = [];
  return {
    invalidated,
    token: async () => `token-${invalidated.length + 1}`,
    invalidate: (token) => {
      invalidated.push(token);
    },
    close() {},
  };
}

const bearer = (metadata: Metadata) => metadata.get('authorization')[0];

describe('authorizingInterceptor', () => {
  let service: FakeService;
  let client: TokenServiceClient;
  let source: ReturnType<typeof countingSource>;

  beforeEach(async () => {
    service = await FakeService.start();
    source = countingSource();
    client = clientWith(source);
  });

  afterEach(() => {
    client.close();
    service.stop();
  });

  const clientWith = (tokens: TokenSource) =>
    new TokenServiceClient(service.address, credentials.createInsecure(), {
      interceptors: [authorizingInterceptor(tokens)],
    });

  const introspect = (deadline?: number) =>
    new Promise<IntrospectTokenResponse>((resolve, reject) => {
      const options = deadline === undefined ? {} : { deadline };
      const metadata = new Metadata();
      client.introspectToken({ token: 'x' }, metadata, options, (err, answer) =>
        err ? reject(err) : resolve(answer),
      );
    });

  it('attaches the token', async () => {
    service.introspectToken = async (_request, metadata) => ({
      active: bearer(metadata) === 'Bearer token-1',
    });
    expect((await introspect()).active).to.equal(true);
  });

  it('asks once more with a fresh token when the first is refused', async () => {
    service.introspectToken = async ({ token }, metadata) => {
      if (bearer(metadata) === 'Bearer token-1') throw new Refusal(status.UNAUTHENTICATED, 'invalid_token');
      return { active: true, clientId: token };
    };
    expect((await introspect()).clientId).to.equal('x');
    expect(source.invalidated).to.deep.equal(['token-1']);
    expect(service.calls.introspect).to.equal(2);
  });

  it('asks no more than twice', async () => {
    service.introspectToken = async () => {
      throw new Refusal(status.UNAUTHENTICATED, 'invalid_token');
    };
    expect((await failure(introspect())).code).to.equal(status.UNAUTHENTICATED);
    expect(service.calls.introspect).to.equal(2);
  });

  it('repeats no call that failed for another reason', async () => {
    service.introspectToken = async () => {
      throw new Refusal(status.UNAVAILABLE);
    };
    expect((await failure(introspect())).code).to.equal(status.UNAVAILABLE);
    expect(service.calls.introspect).to.equal(1);
  });

  it('opens a stream anew with a fresh token, and delivers what comes of it', async () => {
    service.onFeed = (feed) => {
      if (bearer(feed.metadata) === 'Bearer token-1') feed.end(new Refusal(status.UNAUTHENTICATED));
      else feed.snapshot('e:1', []).heartbeat('e:1').heartbeat('e:1');
    };
    const stream = client.watchRevocations({ cursor: '' });
    const cursors: string[] = [];
    for await (const message of stream) {
      cursors.push(message.cursor);
      if (cursors.length === 3) break;
    }
    expect(cursors).to.deep.equal(['e:1', 'e:1', 'e:1']);
  });

  it('fails the call with the right status when no token can be had', async () => {
    for (const [code, expected] of [
      ['temporarily_unavailable', status.UNAVAILABLE],
      ['invalid_client', status.UNAUTHENTICATED],
    ] as const) {
      const token = async () => {
        throw new CountersignError(code, 'no');
      };
      client.close();
      client = clientWith({ ...source, token });
      const err = await failure(introspect());
      expect(err.code).to.equal(expected);
      expect(err.metadata.get('countersign-error')).to.deep.equal([code]);
    }
    expect(service.calls.introspect).to.equal(0);
  });

  it('keeps the deadline of the call while it waits for a token, and can be cancelled meanwhile', async () => {
    client.close();
    client = clientWith({ ...source, token: () => new Promise(() => {}) });
    expect((await failure(introspect(Date.now() + 5))).code).to.equal(status.DEADLINE_EXCEEDED);
    const cancelled = failure(
      new Promise((_resolve, reject) => {
        client.introspectToken({ token: 'x' }, reject).cancel();
      }),
    );
    expect((await cancelled).code).to.equal(status.CANCELLED);
  });

  it('has a plain form as call credentials', async () => {
    service.introspectToken = async (_request, metadata) => ({
      active: bearer(metadata) === 'Bearer token-1',
    });
    client.close();
    client = new TokenServiceClient(service.address, credentials.createInsecure());
    const answer = await new Promise<IntrospectTokenResponse>((resolve, reject) => {
      client.introspectToken(
        { token: 'x' },
        new Metadata(),
        { credentials: callCredentials(source) },
        (err, value) => (err ? reject(err) : resolve(value)),
      );
    });
    expect(answer.active).to.equal(true);
  });
});

describe('authorizedFetch', () => {
  let server: HttpServer;
  let url: string;
  let seen: string[];
  let answer: RequestListener;

  beforeEach(async () => {
    seen = [];
    answer = (_req, res) => res.writeHead(200).end('ok');
    server = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk) => {
        body += chunk;
      });
      req.on('end', () => {
        seen.push(`${req.headers.authorization} ${body}`);
        answer(req, res);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it('attaches the token and keeps the caller headers', async () => {
    const response = await authorizedFetch(countingSource())(url, { method: 'POST', body: 'b' });
    expect(await response.text()).to.equal('ok');
    expect(seen).to.deep.equal(['Bearer token-1 b']);
  });

  it('asks once more after a 401, and no more than that', async () => {
    answer = (_req, res) => res.writeHead(401).end();
    const response = await authorizedFetch(countingSource())(url, { method: 'POST', body: 'b' });
    expect(response.status).to.equal(401);
    expect(seen).to.deep.equal(['Bearer token-1 b', 'Bearer token-2 b']);
  });

  it('does not repeat a request whose body was a stream', async () => {
    answer = (_req, res) => res.writeHead(401).end();
    const body = new Blob(['b']).stream();
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    expect((await authorizedFetch(countingSource())(url, init)).status).to.equal(401);
    expect(seen).to.deep.equal(['Bearer token-1 b']);
  });
});

const failure = (promise: Promise<unknown>): Promise<ServiceError> =>
  promise.then(
    () => {
      throw new Error('The call succeeded.');
    },
    (err: ServiceError) => err,
  );
