import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Client, credentials, Server, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { TlsCredentials } from '../../src/wire/grpc/tls-credentials.js';
import { DEFAULT_LIMITS, makeNodeServer } from '../../src/wire/http/node-server.js';
import type { TlsMaterial, TlsSource } from '../../src/wire/tls-source.js';
import { makeAuthority, type TestAuthority, type TestCertificate } from '../support/certificates.js';

/** A source whose certificates the test renews. */
function renewable(material: TlsMaterial): TlsSource & { renew(next: TlsMaterial): void } {
  let current = material;
  const listeners = new Set<() => void>();
  return {
    current: () => current,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    renew: (next) => {
      current = next;
      for (const listener of listeners) listener();
    },
  };
}

const ECHO = {
  Echo: {
    path: '/test.Echo/Echo',
    requestStream: false as const,
    responseStream: false as const,
    requestSerialize: (value: Buffer) => value,
    requestDeserialize: (value: Buffer) => value,
    responseSerialize: (value: Buffer) => value,
    responseDeserialize: (value: Buffer) => value,
  },
};

describe('TLS at the doors', () => {
  let authority: TestAuthority;
  let stranger: TestAuthority;
  let server: TestCertificate;
  let renewed: TestCertificate;
  let caller: TestCertificate;
  let strange: TestCertificate;
  const closers: (() => void)[] = [];

  before(async () => {
    [authority, stranger] = await Promise.all([makeAuthority('Ours'), makeAuthority('Theirs')]);
    server = await authority.issue('server');
    renewed = await authority.issue('renewed');
    caller = await authority.issue('caller');
    strange = await stranger.issue('caller');
  });
  after(() => Promise.all([authority.close(), stranger.close()]));
  afterEach(() => {
    for (const close of closers.splice(0).reverse()) close();
  });

  /** The name on the certificate that a new connection is shown, and the protocol's version; or why there is none. */
  const handshake = (port: number, options: ConnectionOptions = {}): Promise<string> =>
    new Promise((resolve) => {
      const socket: TLSSocket = connect({
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        ca: authority.cert,
        ...options,
      });
      socket.once('secureConnect', () => {
        const { subject } = socket.getPeerCertificate();
        resolve(`${subject.CN} by ${socket.getProtocol()}`);
        socket.destroy();
      });
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'refused'));
    });

  const startGrpc = async (source: TlsSource): Promise<number> => {
    const grpc = new Server();
    grpc.addService(ECHO, {
      Echo: (call: { request: Buffer }, done: (error: null, value: Buffer) => void) =>
        done(null, call.request),
    });
    closers.push(() => grpc.forceShutdown());
    return new Promise((resolve, reject) => {
      grpc.bindAsync('127.0.0.1:0', new TlsCredentials(source), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  };
  const startHttp = async (source: TlsSource): Promise<number> => {
    const http = makeNodeServer((_, response) => response.end('hello'), DEFAULT_LIMITS, source);
    closers.push(() => {
      http.close();
      http.closeAllConnections();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return (http.address() as AddressInfo).port;
  };

  /** One call on its own client; answers what came back, or why not. */
  const grpcClient = (port: number, own?: TestCertificate): Client => {
    const ssl = credentials.createSsl(
      Buffer.from(authority.cert),
      own ? Buffer.from(own.key) : null,
      own ? Buffer.from(own.cert) : null,
    );
    const client = new Client(`127.0.0.1:${port}`, ssl, {
      'grpc.enable_retries': 0,
      'grpc.ssl_target_name_override': 'localhost',
    });
    closers.push(() => client.close());
    return client;
  };
  const echo = (client: Client): Promise<string> =>
    new Promise((resolve) => {
      const deadline = Date.now() + 5000;
      const { path, requestSerialize, responseDeserialize } = ECHO.Echo;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        Buffer.from('hello'),
        { deadline },
        (error: ServiceError | null, value?: Buffer) =>
          resolve(error ? (status[error.code] ?? '') : String(value)),
      );
    });
  const get = (port: number, own?: TestCertificate): Promise<string> =>
    new Promise((resolve) => {
      const asked: ClientRequest = request(
        { host: '127.0.0.1', servername: 'localhost', port, ca: authority.cert, agent: false, ...own },
        (response) => {
          response.setEncoding('utf8').on('data', resolve);
        },
      );
      asked.once('error', () => resolve('refused'));
      asked.end();
    });

  for (const [door, start, ask] of [
    ['gRPC', startGrpc, (port: number, own?: TestCertificate) => echo(grpcClient(port, own))],
    ['HTTP', startHttp, get],
  ] as const) {
    describe(`of ${door}`, () => {
      it('is version 1.2 or newer', async () => {
        const port = await start(renewable(server));
        expect(await ask(port)).to.equal('hello');
        expect(await handshake(port)).to.equal('server by TLSv1.3');
        expect(await handshake(port, { maxVersion: 'TLSv1.2' })).to.equal('server by TLSv1.2');
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
        expect(await handshake(port, old)).to.match(/PROTOCOL_VERSION|ECONNRESET|refused/);
      });

      it('stays so after the certificate was renewed', async () => {
        const source = renewable(server);
        const port = await start(source);
        source.renew(renewed);
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
        expect(await handshake(port, old)).to.match(/PROTOCOL_VERSION|ECONNRESET|refused/);
        expect(await handshake(port, { maxVersion: 'TLSv1.2' })).to.equal('renewed by TLSv1.2');
      });

      it('is shown with the new certificate to whoever connects after it was renewed', async () => {
        const source = renewable(server);
        const port = await start(source);
        expect(await handshake(port)).to.equal('server by TLSv1.3');
        source.renew(renewed);
        expect(await handshake(port)).to.equal('renewed by TLSv1.3');
        expect(await ask(port)).to.equal('hello');
      });

      it('lets in callers with a certificate of the authority alone, where one is named', async () => {
        const source = renewable({ ...server, ca: authority.cert });
        const port = await start(source);
        expect(await ask(port, caller)).to.equal('hello');
        expect(await ask(port)).not.to.equal('hello');
        expect(await ask(port, strange)).not.to.equal('hello');
        source.renew({ ...renewed, ca: stranger.cert });
        expect(await ask(port, strange)).to.equal('hello');
        expect(await ask(port, caller)).not.to.equal('hello');
      });
    });
  }

  it('keeps the connections that are open while certificates are renewed under load', async () => {
    const source = renewable(server);
    const client = grpcClient(await startGrpc(source));
    let calls = 0;
    let failed = 0;
    for (let swap = 0; swap < 20; swap += 1) {
      source.renew(swap % 2 === 0 ? renewed : server);
      const answers = await Promise.all(Array.from({ length: 20 }, () => echo(client)));
      calls += answers.length;
      failed += answers.filter((answer) => answer !== 'hello').length;
    }
    expect([calls, failed]).to.deep.equal([400, 0]);
  });
});
