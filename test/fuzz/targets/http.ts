import { connect } from 'node:net';
import { basicOf } from '../../support/connection.js';
import { mutate } from '../mutate.js';
import { type FuzzServer, inParallel, startFuzzServer } from '../server.js';
import type { FuzzRoom, Target } from '../target.js';

const WIDTH = 32;
const DEADLINE_MS = 5000;

/** Bytes for every endpoint, and for those of the operations port, over sockets of their own. */
export const httpTarget: Target = { name: 'bytes for every endpoint, over HTTP', share: 10, run };

async function run(room: FuzzRoom): Promise<void> {
  const fuzzed = await startFuzzServer();
  const seeds = seedsFor(fuzzed);
  const words = [
    '\r\n\r\n',
    'Host: a\r\n',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    '0\r\n\r\n',
    'Expect: 100-continue\r\n',
    'HTTP/1.0',
    'HTTP/2.0',
    'Authorization: ',
    'Upgrade: h2c\r\n',
    'grant_type=',
    '&token=',
    '%',
    'OPTIONS',
    'TRACE',
    'GET http://a/livez ',
  ];
  const statuses = new Map<string, number>();
  const { http, ops } = fuzzed.server.ports;
  try {
    await inParallel(room.inputs, WIDTH, async (index) => {
      const input = mutate(room.random.pick(seeds), room.random.pick(seeds), words, room.random);
      const port = input.includes('/livez') || input.includes('/metrics') ? ops : http;
      const start = performance.now();
      const answer = await send(port, `127.0.${1 + ((index >> 8) % 200)}.${1 + (index % 250)}`, input);
      room.answered(performance.now() - start);
      if (answer === undefined)
        return room.found('it was never answered, nor was the connection ended', input);
      for (const [, found = ''] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) {
        statuses.set(found, (statuses.get(found) ?? 0) + 1);
        if (found.startsWith('5') && found !== '503') room.found(`it was answered ${found}`, input);
      }
      if (answer.includes('"active":true') && !input.includes(fuzzed.token)) {
        room.found('a token was accepted that nobody signed', input);
      }
    });
  } finally {
    for (const [found, count] of [...statuses].sort()) room.note(found, count);
    await fuzzed.end(room);
  }
}

function seedsFor({ admin, client, token }: FuzzServer): readonly Buffer[] {
  const request = (line: string, body = '', headers = ''): Buffer =>
    Buffer.from(
      `${line} HTTP/1.1\r\nHost: a\r\n${headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  const by = (who: typeof admin): string => `Authorization: ${basicOf(who)}\r\n`;
  return [
    request('POST /oauth/token', 'grant_type=client_credentials&scope=stock:read', by(client)),
    request(
      'POST /oauth/token',
      `grant_type=client_credentials&client_id=${client.id}&client_secret=${client.secret}`,
    ),
    request('POST /oauth/introspect', `token=${token}&token_type_hint=x`, by(admin)),
    request('POST /oauth/introspect', `token=${token}`, `Authorization: Bearer ${token}\r\n`),
    request('POST /oauth/revoke', 'token=v4.public.AAAA.BBBB', by(client)),
    request('GET /.well-known/oauth-authorization-server'),
    request('GET /.well-known/paseto-keys', '', 'If-None-Match: "x"\r\n'),
    request('GET /livez'),
    request('GET /readyz'),
    request('GET /metrics'),
    Buffer.from(
      'POST /oauth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n5\r\ngrant\r\n0\r\n\r\n',
    ),
  ];
}

/** Sends bytes and ends; answers all that came until the other end did, or undefined when it never did. */
function send(port: number, localAddress: string, input: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    const deadline = setTimeout(() => {
      resolve(undefined);
      socket.destroy();
    }, DEADLINE_MS);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(deadline);
      resolve(answer);
    });
    socket.end(input);
  });
}
