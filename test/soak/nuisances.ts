import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from 'node:http2';
import { connect, type Socket } from 'node:net';
import {
  IssueTokenRequest,
  WatchRevocationsRequest,
} from '../../src/wire/gen/countersign/v1/token_service.js';
import { ADMIN, type Arena } from '../faults/arena.js';
import { sleep } from '../faults/judged.js';

const AS_ADMIN = `Basic ${Buffer.from(`${ADMIN.id}:${ADMIN.secret}`).toString('base64')}`;
const FORM = 'grant_type=client_credentials';
/** The longest that a server may take to say something to it, or to hang up. */
const PATIENCE_MS = 6000;

/** What rude callers did, and what they were told that no caller may be. */
export interface Nuisances {
  /** Does one of the things that no honest caller does. */
  commit(): Promise<void>;
  readonly done: ReadonlyMap<string, number>;
  /** Answers that admit a failure of the server's own. */
  readonly failures: readonly string[];
  /** Hangs up. */
  rest(): void;
}

/** Malformed calls at both doors, callers that die while they wait, and streams that are broken off. */
export function makeNuisances({ servers, clients, random }: Arena): Nuisances {
  const done = new Map<string, number>();
  const failures: string[] = [];
  const sessions = new Map<number, ClientHttp2Session>();

  const sessionTo = (port: number): ClientHttp2Session => {
    const known = sessions.get(port);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const fresh = openSession(port);
    sessions.set(port, fresh);
    return fresh;
  };
  const note = (outcome: string): void => {
    if (/^(?:HTTP\/1\.1 5(?!03)|grpc 13\b|grpc 2\b)/.test(outcome)) failures.push(outcome);
  };
  const issueRequest = (): Buffer => {
    const { clientId, secret } = random.pick(clients);
    const request = { clientId, clientSecret: secret, scopes: [], audience: '', ttlSeconds: 1 };
    return framed(IssueTokenRequest.encode(request).finish());
  };

  const acts: Readonly<Record<string, () => Promise<void>>> = {
    'malformed gRPC calls': async () => {
      const body = random.pick([
        framed(Buffer.alloc(40, 0xff)),
        framed(Buffer.from([0x0a, 0x7f, 0x41])),
        issueRequest().subarray(0, -3),
        Buffer.from([9, 0, 0, 0, 0]),
        framed(Buffer.alloc(70_000, 0x41)),
      ]);
      const path = random.pick([
        'TokenService/IssueToken',
        'TokenService/Nothing',
        'ClientService/GetClient',
      ]);
      note(await answerTo(requestOn(sessionTo(random.pick(servers).ports.grpc), path, body)));
    },
    'gRPC calls broken off': async () => {
      const stream = requestOn(
        sessionTo(random.pick(servers).ports.grpc),
        'TokenService/IssueToken',
        issueRequest(),
      );
      if (random.below(2) === 0) await sleep(random.below(3));
      stream.close(constants.NGHTTP2_CANCEL);
    },
    'gRPC callers killed': async () => {
      const session = openSession(random.pick(servers).ports.grpc);
      requestOn(session, 'TokenService/IssueToken', issueRequest());
      await sleep(random.below(4));
      kill(session);
    },
    'feed streams broken off': async () => {
      const body = framed(WatchRevocationsRequest.encode({ cursor: '' }).finish());
      const stream = requestOn(
        sessionTo(random.pick(servers).ports.grpc),
        'TokenService/WatchRevocations',
        body,
      );
      await Promise.race([once(stream, 'data').catch(() => undefined), sleep(random.below(100))]);
      stream.close(constants.NGHTTP2_CANCEL);
    },
    'malformed HTTP requests': async () => {
      const head = 'POST /oauth/token HTTP/1.1\r\nhost: a\r\n';
      note(
        await answerFrom(
          random.pick(servers).ports.http,
          random.pick([
            'what is this\r\n\r\n',
            `${head}content-length: -1\r\n\r\n`,
            `${head}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
            `${head}content-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
            `${head}content-type: application/x-www-form-urlencoded\r\ncontent-length: 8\r\n\r\n%zz=&&&=`,
            `${head}x: ${'x'.repeat(9000)}\r\n\r\n`,
          ]),
        ),
      );
    },
    'HTTP callers killed': async () => {
      const { clientId, secret } = random.pick(clients);
      const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
      const request = [
        'POST /oauth/token HTTP/1.1',
        'host: a',
        'content-type: application/x-www-form-urlencoded',
        `content-length: ${FORM.length}`,
        `authorization: ${authorization}`,
        '',
        FORM,
      ].join('\r\n');
      const socket = open(random.pick(servers).ports.http);
      socket.write(request.slice(0, random.pick([request.length, request.length, request.length - 9])));
      await sleep(random.below(4));
      socket.resetAndDestroy();
    },
  };

  return {
    commit: async () => {
      const name = random.pick(Object.keys(acts));
      done.set(name, (done.get(name) ?? 0) + 1);
      await acts[name]?.();
    },
    done,
    failures,
    rest: () => {
      for (const session of sessions.values()) kill(session);
      sessions.clear();
    },
  };
}

function open(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  return socket.on('error', () => undefined);
}

/** A session guards its socket against being handled by others. */
const sockets = new WeakMap<ClientHttp2Session, Socket>();

function openSession(port: number): ClientHttp2Session {
  const socket = open(port);
  const session = connectHttp2(`http://127.0.0.1:${port}`, { createConnection: () => socket });
  sockets.set(session, socket);
  return session.on('error', () => undefined);
}

/** As when its process dies. */
function kill(session: ClientHttp2Session): void {
  sockets.get(session)?.resetAndDestroy();
  session.destroy();
}

function requestOn(session: ClientHttp2Session, method: string, body: Buffer): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/countersign.v1.${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: AS_ADMIN,
  });
  stream.on('error', () => undefined);
  stream.end(body);
  return stream;
}

/** `grpc` and the status, once the stream has ended. */
function answerTo(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    let outcome = 'nothing';
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers['grpc-status'] !== undefined) {
        outcome = `grpc ${headers['grpc-status']} ${headers['grpc-message']}`;
      }
    };
    const deadline = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), PATIENCE_MS);
    stream.on('response', note).on('trailers', note).resume();
    stream.on('close', () => {
      clearTimeout(deadline);
      resolve(outcome);
    });
  });
}

/** The first line of what a server says to this, once it has hung up or says no more. */
function answerFrom(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(port);
    let text = '';
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      // Where the connection could serve another request, it is left open.
      if (/\r\n\r\n/.test(text)) socket.end();
    });
    socket.on('close', () => resolve(text.split('\r\n', 1)[0] ?? ''));
    socket.write(request);
  });
}

/** As gRPC sends a message: one byte for not compressed, four for its length. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
