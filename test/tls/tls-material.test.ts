import { expect } from 'chai';
import { readTlsMaterial, type TlsFiles } from '../../src/tls/tls-material.js';
import { makeAuthority, type TestAuthority, type TestCertificate } from '../support/certificates.js';

const FILES: TlsFiles = { certFile: 'cert', keyFile: 'key', clientCaFile: 'ca' };
const DAY_MS = 86_400_000;

describe('TLS files', () => {
  let authority: TestAuthority;
  let server: TestCertificate;
  let other: TestCertificate;
  before(async () => {
    authority = await makeAuthority();
    server = await authority.issue('server');
    other = await authority.issue('other');
  });
  after(() => authority.close());

  const read = (texts: Record<string, string>, nowMs = Date.now(), files = FILES) =>
    readTlsMaterial(
      files,
      (path) => {
        const text = { cert: server.cert, key: server.key, ca: authority.cert, ...texts }[path];
        if (text === undefined || text === 'unreadable') throw new Error('ENOENT');
        return text;
      },
      nowMs,
    );
  const faults = (texts: Record<string, string>, nowMs?: number): string[] =>
    read(texts, nowMs).faults.map(({ setting, problem }) => `${setting.slice(16)} ${problem}`);

  it('are taken as they are when they belong together and are in their time', () => {
    const reading = read({ cert: server.cert + authority.cert });
    expect(reading.faults).to.deep.equal([]);
    expect(reading.material).to.deep.equal({
      cert: server.cert + authority.cert,
      key: server.key,
      ca: authority.cert,
    });
    const alone = read({}, Date.now(), { ...FILES, clientCaFile: undefined });
    expect(alone.material).to.have.all.keys('cert', 'key');
  });

  it('that cannot be read are each named', () => {
    expect(faults({ cert: 'unreadable', key: 'unreadable', ca: 'unreadable' })).to.deep.equal([
      'CERT_FILE names a file that cannot be read',
      'KEY_FILE names a file that cannot be read',
      'CLIENT_CA_FILE names a file that cannot be read',
    ]);
  });

  it('of another form are refused without a word of what is in them', () => {
    const told = faults({ cert: 'canary', key: 'canary', ca: 'canary' });
    expect(told).to.deep.equal([
      'CERT_FILE names a file that is no PEM certificate',
      'CLIENT_CA_FILE names a file that is no PEM certificate',
      'KEY_FILE names a file that is no PEM private key without a passphrase',
    ]);
    const cut = server.cert.replace(/[A-Za-z0-9+/]{40}\n/, '\n');
    expect(faults({ cert: cut })).to.deep.equal(['CERT_FILE names a file that is no PEM certificate']);
    expect(faults({ cert: server.key, key: server.cert })).to.have.length(2);
  });

  it('that do not belong together are refused', () => {
    expect(faults({ key: other.key })).to.deep.equal([
      'KEY_FILE names a key that does not belong to the certificate',
    ]);
  });

  it('are refused before and after their time, which is told', () => {
    expect(faults({}, Date.now() + 31 * DAY_MS)[0]).to.match(
      /^CERT_FILE names a certificate that expired on 2/,
    );
    expect(faults({}, Date.now() - DAY_MS)[0]).to.match(
      /^CERT_FILE names a certificate that is good only from 2/,
    );
    expect(read({}).material).not.to.equal(undefined);
  });
});
