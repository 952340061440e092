/**
 * Askers that add as little as possible of their own: what is sent is made beforehand, and the clock runs from the
 * write to the last byte of the answer. Each asks from an address of its own, so that no throttle gets in the way.
 */
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { IssueTokenRequest } from '../../src/wire/gen/countersign/v1/token_service.js';
import { openHttpLine, partsOf, postOf } from '../../test/support/http-line.js';
import { basic } from '../callers.js';

export interface Credential {
  readonly clientId: string;
  readonly secret: string;
}

export interface Timed {
  /** `401 invalid_client` or `16 invalid_client` where all is as it should be. */
  readonly outcome: string;
  readonly micros: number;
}

export interface Door {
  readonly name: 'HTTP' | 'gRPC';
  readonly refusal: string;
  /** A connection from that address of 127.0.0.0/8. */
  open(localAddress: string): Promise<DoorConnection>;
}

export interface DoorConnection {
  ask(credential: Credential): Promise<Timed>;
  close(): void;
}

export const httpDoor = (url: string): Door => ({
  name: 'HTTP',
  refusal: '401 invalid_client',
  open: async (localAddress) => {
    const { hostname, port, host } = new URL(url);
    const line = await openHttpLine({ host: hostname, port: Number(port), localAddress });
    return {
      ask: async ({ clientId, secret }) => {
        const authorization = basic(clientId, secret);
        const request = postOf('/oauth/token', 'grant_type=client_credentials', { host, authorization });
        const start = performance.now();
        const answer = await line.send(request);
        const micros = (performance.now() - start) * 1000;
        const { status, body } = partsOf(answer);
        return { outcome: `${status} ${body.error}`, micros };
      },
      close: () => line.close(),
    };
  },
});

export const grpcDoor = (address: string): Door => ({
  name: 'gRPC',
  refusal: '16 invalid_client',
  open: async (localAddress) => {
    const [host = '', port] = address.split(':');
    const socket = connect({ host, port: Number(port), localAddress, noDelay: true });
    const session = connectHttp2(`http://${address}`, { createConnection: () => socket });
    await once(session, 'remoteSettings');
    return {
      ask: ({ clientId, secret }) => {
        const request = { clientId, clientSecret: secret, scopes: [], audience: '', ttlSeconds: 0 };
        return issueOver(session, framed(IssueTokenRequest.encode(request).finish()));
      },
      close: () => session.destroy(),
    };
  },
});

function issueOver(session: ClientHttp2Session, body: Buffer): Promise<Timed> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const stream = session.request({
      ':method': 'POST',
      ':path': '/countersign.v1.TokenService/IssueToken',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    // A refusal needs no message, so its status comes with the first headers or in trailers of their own.
    let outcome = '';
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers['grpc-status'] !== undefined) {
        outcome = `${headers['grpc-status']} ${headers['countersign-error']}`;
      }
    };
    stream.on('response', note).on('trailers', note).on('error', reject).resume();
    stream.on('end', () => resolve({ outcome, micros: (performance.now() - start) * 1000 }));
    stream.end(body);
  });
}

/** As gRPC sends a message: one byte for not compressed, four for its length. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
