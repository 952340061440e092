import { once } from 'node:events';
import { BlockList, connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { temporarilyUnavailable } from '../../../src/domain/errors.js';
import { sourceOf } from '../../../src/wire/connection-cap.js';
import { Crowd } from '../../../src/wire/crowd.js';
import { eventually } from '../../support/eventually.js';
import { startFakeGateway, tokenRequest } from './fake-gateway.js';

const LIMITS = { maxCalls: 1, reserve: 1, maxWaiting: 1, maxWaitMs: 60_000 };

const form = (fields: Record<string, string>): RequestInit => ({
  ...tokenRequest(),
  body: new URLSearchParams(fields),
});

describe('the HTTP door with more requests than the server can take', () => {
  /** A crowd that is full, by calls of another door. */
  const fullCrowd = (): Crowd => {
    const crowd = new Crowd(LIMITS);
    crowd.enter(false);
    return crowd;
  };

  it('lets a request wait for its turn, which the calls of either door can free', async () => {
    const crowd = fullCrowd();
    const { url, told } = await startFakeGateway({}, { crowd });
    const answer = fetch(`${url}/oauth/token`, tokenRequest());
    await eventually(() => expect(crowd.waiting).to.equal(1));
    expect(told).to.deep.equal([]);
    crowd.leave();
    expect((await answer).status).to.equal(200);
    expect(crowd.inside).to.equal(0);
  });

  it('refuses the next one by its head, says when to come again, and keeps its connection', async () => {
    const crowd = fullCrowd();
    const { gateway, told, turnedAway } = await startFakeGateway({}, { crowd });
    const waiting = crowd.wait(false);
    const socket = connect(gateway.port, '127.0.0.1');
    let read = '';
    socket.on('data', (bytes) => {
      read += String(bytes);
    });
    const body = 'grant_type=client_credentials';
    const head = [
      'POST /oauth/token HTTP/1.1',
      'host: a',
      `authorization: Basic ${btoa('a:b')}`,
      'content-type: application/x-www-form-urlencoded',
      `content-length: ${body.length}`,
    ].join('\r\n');
    // The body is yet to come.
    socket.write(`${head}\r\n\r\n`);
    await eventually(() => expect(read).to.include('"slow_down"'));
    expect(read).to.match(/^HTTP\/1\.1 429 /);
    expect(read).to.match(/\r\nretry-after: 1\r\n/i);
    expect(read).to.match(/\r\ncache-control: no-store\r\n/i);
    expect(turnedAway).to.deep.equal(['IssueToken']);
    expect(told).to.deep.equal([]);

    crowd.leave();
    await waiting;
    crowd.leave();
    read = '';
    socket.write(`${body}${head}\r\n\r\n${body}`);
    await eventually(() => expect(read).to.match(/^HTTP\/1\.1 200 /));
    socket.destroy();
  });

  it('takes a revocation all the same, and documents that are no work', async () => {
    const crowd = fullCrowd();
    const { url } = await startFakeGateway({}, { crowd });
    void crowd.wait(false).catch(() => undefined);
    expect((await fetch(`${url}/oauth/introspect`, form({ token: 'x' }))).status).to.equal(429);
    expect((await fetch(`${url}/oauth/revoke`, form({ token: 'x' }))).status).to.equal(200);
    expect((await fetch(`${url}/.well-known/oauth-authorization-server`)).status).to.equal(200);
  });

  it('lets nobody wait for a store that does not answer', async () => {
    const crowd = fullCrowd();
    const { url, told } = await startFakeGateway({}, { crowd });
    const answer = fetch(`${url}/oauth/token`, tokenRequest());
    await eventually(() => expect(crowd.waiting).to.equal(1));
    crowd.leave(temporarilyUnavailable());
    const { status, headers } = await answer;
    expect([status, headers.get('retry-after')]).to.deep.equal([503, '1']);
    expect(told.map(({ outcome }) => outcome.code)).to.deep.equal(['temporarily_unavailable']);
  });

  it('does nothing for who has gone while waiting', async () => {
    const crowd = fullCrowd();
    let asked = 0;
    const { url, told } = await startFakeGateway(
      {
        introspectToken: async () => {
          asked += 1;
          return undefined;
        },
      },
      { crowd },
    );
    const gone = new AbortController();
    const answer = fetch(`${url}/oauth/introspect`, { ...form({ token: 'x' }), signal: gone.signal });
    await eventually(() => expect(crowd.waiting).to.equal(1));
    gone.abort();
    await answer.catch(() => undefined);
    await eventually(async () => {
      // Its connection is closed once another request made after that has been answered.
      expect((await fetch(`${url}/oauth/revoke`, form({ token: 'x' }))).status).to.equal(200);
    });
    crowd.leave();
    await eventually(() => expect(told.map(({ outcome }) => outcome.code)).to.include('cancelled'));
    expect([asked, crowd.inside]).to.deep.equal([0, 0]);
  });

  it('gives every place back, however a request ends', async () => {
    const crowd = new Crowd(LIMITS);
    const { url } = await startFakeGateway(
      {
        introspectToken: async () => {
          throw temporarilyUnavailable();
        },
      },
      { crowd },
    );
    const { body: _, ...bodiless } = tokenRequest();
    const statuses = [];
    for (const [path, request] of [
      ['/oauth/token', tokenRequest()],
      ['/oauth/token', bodiless],
      ['/oauth/token', form({ client_secret: 'b' })],
      ['/oauth/introspect', form({ token: 'x' })],
    ] as const) {
      statuses.push((await fetch(`${url}${path}`, request)).status);
    }
    expect(statuses).to.deep.equal([200, 400, 400, 503]);
    expect(crowd.inside).to.equal(0);
  });
});

describe('connections to the HTTP door', () => {
  const opened: Socket[] = [];
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.destroy();
  });

  /** What became of a connection from an address: `open` once it answers, or `closed`. */
  const tryFrom = async (port: number, localAddress: string): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    opened.push(socket);
    socket.on('error', () => undefined);
    socket.write('GET /nothing HTTP/1.1\r\nhost: a\r\n\r\n');
    // Refused 404, which ends it too, but only after the answer.
    const answered = once(socket, 'data').then(() => 'open');
    return Promise.race([answered, once(socket, 'close').then(() => 'closed')]);
  };
  const hold = async (port: number, localAddress: string): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    opened.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const limits = { maxConnectionsPerSource: 2 };

  it('are bounded for each address, so that nobody takes them all', async () => {
    const { gateway } = await startFakeGateway({}, { limits });
    const held = await hold(gateway.port, '127.0.0.2');
    await hold(gateway.port, '127.0.0.2');
    expect(await tryFrom(gateway.port, '127.0.0.2')).to.equal('closed');
    expect(await tryFrom(gateway.port, '127.0.0.3')).to.equal('open');
    held.destroy();
    await eventually(async () => expect(await tryFrom(gateway.port, '127.0.0.2')).to.equal('open'));
  });

  it('are not bounded so for a trusted proxy, which speaks for many', async () => {
    const trustedProxies = new BlockList();
    trustedProxies.addAddress('127.0.0.2');
    const { gateway } = await startFakeGateway({}, { limits, trustedProxies });
    for (let i = 0; i < 4; i += 1) await hold(gateway.port, '127.0.0.2');
    expect(await tryFrom(gateway.port, '127.0.0.2')).to.equal('open');
  });

  it('are counted together for what one host has of IPv6', () => {
    const sources = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', '2001:db8:1:3::1', '::1', 'fe80::1%eth0'];
    expect(sources.map(sourceOf)).to.deep.equal([
      '2001:db8:1:2::/64',
      '2001:db8:1:2::/64',
      '2001:db8:1:3::/64',
      '0:0:0:0::/64',
      'fe80:0:0:0::/64',
    ]);
    expect(['::ffff:10.0.0.1', '10.0.0.1'].map(sourceOf)).to.deep.equal(['10.0.0.1', '10.0.0.1']);
  });
});
