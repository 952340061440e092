import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import type { TlsMaterial, TlsSource } from '../../../src/wire/tls-source.js';
import { makeAuthority, type TestAuthority, type TestCertificate } from '../../support/certificates.js';
import { startFakeGateway } from './fake-gateway.js';

/** Certificates that the test changes. */
function tlsSource(first: TlsMaterial): TlsSource & { renew(material: TlsMaterial): void } {
  let material = first;
  const listeners = new Set<() => void>();
  return {
    current: () => material,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    renew: (next) => {
      material = next;
      for (const listener of listeners) listener();
    },
  };
}

/** The status of one request over a connection of its own, or the code of the error that ended it. */
const statusOf = (
  port: number,
  options: { ca: string; cert?: string; key?: string },
): Promise<number | string> =>
  new Promise((resolve) => {
    const path = '/.well-known/paseto-keys';
    const asked = request({
      host: '127.0.0.1',
      port,
      path,
      agent: new Agent({ keepAlive: false }),
      ...options,
    });
    asked.on('response', (answer) => resolve(answer.resume().statusCode ?? 0));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });

describe('the HTTP gateway over TLS', () => {
  let authority: TestAuthority;
  let stranger: TestAuthority;
  let own: TestCertificate;
  before(async () => {
    [authority, stranger] = await Promise.all([makeAuthority('one'), makeAuthority('two')]);
    own = await authority.issue('server');
  });
  after(() => Promise.all([authority.close(), stranger.close()]));

  it('takes over new certificates for new connections, and keeps the old ones open', async () => {
    const tls = tlsSource(own);
    const { gateway } = await startFakeGateway({}, { tls });
    const old = connectTls({ host: '127.0.0.1', port: gateway.port, ca: authority.cert });
    await once(old, 'secureConnect');

    tls.renew(await stranger.issue('server'));

    expect(await statusOf(gateway.port, { ca: stranger.cert })).to.equal(200);
    expect(await statusOf(gateway.port, { ca: authority.cert })).not.to.equal(200);
    old.write('GET /.well-known/paseto-keys HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const [bytes] = (await once(old, 'data')) as [Buffer];
    expect(bytes.toString()).to.match(/^HTTP\/1\.1 200 /);
  });

  it('lets nobody in without a certificate of the authority that is set', async () => {
    const { gateway } = await startFakeGateway({}, { tls: tlsSource({ ...own, ca: authority.cert }) });
    const ca = authority.cert;
    expect(await statusOf(gateway.port, { ca, ...(await authority.issue('client')) })).to.equal(200);
    expect(await statusOf(gateway.port, { ca, ...(await stranger.issue('client')) })).not.to.equal(200);
    expect(await statusOf(gateway.port, { ca })).not.to.equal(200);
  });

  it('answers nothing to whoever does not speak TLS', async () => {
    const { gateway } = await startFakeGateway({}, { tls: tlsSource(own) });
    const socket = connect(gateway.port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'close');
    expect(received).not.to.include('HTTP/');
  });

  it('cuts off a handshake that never ends', async () => {
    const { gateway } = await startFakeGateway(
      {},
      { tls: tlsSource(own), limits: { headersTimeoutMs: 100 } },
    );
    const socket = connect(gateway.port, '127.0.0.1')
      .on('error', () => undefined)
      .resume();
    await once(socket, 'close');
  });

  it('speaks no TLS older than 1.2', async () => {
    const { gateway } = await startFakeGateway({}, { tls: tlsSource(own) });
    const old = connectTls({
      host: '127.0.0.1',
      port: gateway.port,
      ca: authority.cert,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const [error] = (await once(old, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.match(/^ERR_SSL_|ECONNRESET/);
  });
});
