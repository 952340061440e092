import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { afterEach } from 'mocha';
import { exchangeRaw, headerOf, jsonOf } from '../../../scripts/matrix/raw-http.js';
import { eventually } from '../../support/eventually.js';
import { type FakeGateway, startFakeGateway, tokenRequest } from './fake-gateway.js';

const HEAD = 'POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n';
const open = new Set<Socket>();
afterEach(() => {
  for (const socket of open) socket.destroy();
  open.clear();
});

/** A connection that has sent this, and what it has been sent back. */
async function connection(
  { gateway }: FakeGateway,
  bytes = '',
): Promise<{ socket: Socket; received(): string }> {
  const socket = connect(gateway.port, '127.0.0.1');
  open.add(socket);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (bytes !== '') socket.write(bytes);
  return { socket, received: () => received };
}

const closed = (socket: Socket): Promise<unknown> =>
  socket.closed ? Promise.resolve() : once(socket, 'close');

/** Short enough for a test to wait for; what ends a connection is the server, never the test's own clock. */
const impatient = {
  headersTimeoutMs: 100,
  requestTimeoutMs: 200,
  keepAliveTimeoutMs: 50,
  checkIntervalMs: 20,
};

describe('a hostile HTTP caller', () => {
  for (const [what, bytes] of [
    ['headers that never end', HEAD],
    ['a body that never ends', `${HEAD}content-length: 100\r\n\r\ngrant`],
    ['a chunked body that never ends', `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\ngrant\r\n`],
  ] as const) {
    it(`is answered 408 in JSON and cut off for ${what}`, async () => {
      const server = await startFakeGateway({}, { limits: impatient });
      const { socket, received } = await connection(server, bytes);
      await closed(socket);
      expect(received()).to.match(/^HTTP\/1\.1 408 /);
      expect(received()).to.include('"error":"invalid_request"').and.include('cache-control: no-store');
    });
  }

  it('is cut off when it says nothing at all, and when it stays after its answer', async () => {
    const server = await startFakeGateway({}, { limits: impatient });
    const silent = await connection(server);
    const lingering = await connection(server, `GET /.well-known/paseto-keys HTTP/1.1\r\nhost: x\r\n\r\n`);
    await Promise.all([closed(silent.socket), closed(lingering.socket)]);
    expect(lingering.received()).to.match(/^HTTP\/1\.1 200 /);
  });

  it('gets no more connections than there may be, and others are served once it lets go', async () => {
    const server = await startFakeGateway({}, { limits: { maxConnections: 10 } });
    const attempts = await Promise.all(Array.from({ length: 60 }, () => connection(server)));
    const sockets = attempts.map(({ socket }) => socket);
    await eventually(() => expect(sockets.filter((socket) => socket.closed)).to.have.length(50));
    const held = sockets.filter((socket) => !socket.closed);
    for (const socket of held) socket.destroy();
    await Promise.all(held.map(closed));
    await eventually(async () => {
      const [answer] = await exchangeRaw(new URL(server.url), `GET / HTTP/1.1\r\nhost: x\r\n\r\n`);
      expect(answer?.status).to.equal(404);
    });
  });

  it('cannot make two requests of one, however it says where the first ends', async () => {
    const server = await startFakeGateway();
    const smuggled = 'GET /oauth/token HTTP/1.1\r\nhost: x\r\n\r\n';
    for (const framing of [
      'content-length: 0\r\ntransfer-encoding: chunked',
      'transfer-encoding: chunked\r\ncontent-length: 0',
      'content-length: 0\r\ncontent-length: 5',
      'transfer-encoding: chunked, identity',
      'transfer-encoding: xchunked',
      'content-length: +0',
      'content-length: 0x0',
    ]) {
      const answers = await exchangeRaw(
        new URL(server.url),
        `${HEAD}${framing}\r\n\r\n0\r\n\r\n${smuggled}`,
        { count: 2 },
      );
      expect(
        answers.map(({ status }) => status),
        framing,
      ).to.deep.equal([400]);
      expect(jsonOf(answers[0]!)?.error).to.equal('invalid_request');
      expect(headerOf(answers[0]!, 'connection')).to.equal('close');
    }
    // Some are seen to be broken only after their head has been taken in.
    expect(server.told.filter(({ outcome }) => outcome.code !== 'cancelled')).to.deep.equal([]);
  });

  it('gets nothing of what it sent back, and no word on what this server is', async () => {
    const server = await startFakeGateway();
    const marks = [
      `GET /marker HTTP/1.1\r\nhost: marker\r\nx-marker: marker\r\n\r\n`,
      `MARKER /oauth/token HTTP/1.1\r\nhost: x\r\n\r\n`,
      `POST /oauth/token?marker=%zz HTTP/1.1\r\nhost: x\r\n\r\n`,
      `${HEAD}content-length: 24\r\n\r\ngrant_type=marker&marker`,
      `TRACE /oauth/token HTTP/1.1\r\nhost: marker\r\n\r\n`,
      `GET http://marker/%zz HTTP/1.1\r\nhost: x\r\n\r\n`,
      `\x16\x03\x01marker\r\n\r\n`,
    ];
    for (const bytes of marks) {
      const [answer] = await exchangeRaw(new URL(server.url), bytes);
      expect(answer?.body, bytes).not.to.match(/marker|fastify|node|at \S+:\d+/i);
      expect([...(answer?.headers.keys() ?? [])]).not.to.include.members(['server']);
      expect(answer?.headers.has('x-powered-by')).to.equal(false);
    }
  });

  it('that leaves before its answer is told apart as cancelled', async () => {
    let leave = (): void => undefined;
    let release = (): void => undefined;
    const server = await startFakeGateway({
      revokeToken: () =>
        new Promise((resolve) => {
          release = resolve;
          leave();
        }),
    });
    const body = 'token=x';
    const { socket } = await connection(server);
    leave = () => socket.destroy();
    const gone = closed(socket);
    socket.write(
      `${HEAD.replace('token', 'revoke')}authorization: Basic ${btoa('a:b')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await gone;
    // One round trip of another connection: by then the server has seen this one end.
    await fetch(`${server.url}/oauth/token`, tokenRequest());
    release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.told.map(({ outcome }) => [outcome.rpc, outcome.code])).to.deep.include([
      'RevokeToken',
      'cancelled',
    ]);
  });
});
