import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { makeAuthority, type TestAuthority, type TestCertificate } from '../support/certificates.js';
import { type FakeService, startFakeService } from './support/fake-service.js';
import { inFolder, runCli } from './support/run-cli.js';

const CREDENTIAL = { COUNTERSIGN_CLIENT_ID: 'ops', COUNTERSIGN_CLIENT_SECRET: 'the-secret' };
const script = { listClients: () => ({ clients: [], nextPageToken: '' }) };

describe('calling over TLS', () => {
  let authority: TestAuthority;
  let server: TestCertificate;
  let service: FakeService | undefined;
  before(async function () {
    this.timeout(30_000);
    authority = await makeAuthority();
    server = await authority.issue('server');
  });
  after(() => authority.close());
  afterEach(() => service?.stop());

  const serve = async ({ mutual = false } = {}): Promise<FakeService> => {
    const pair = { cert_chain: Buffer.from(server.cert), private_key: Buffer.from(server.key) };
    const credentials = ServerCredentials.createSsl(
      mutual ? Buffer.from(authority.cert) : null,
      [pair],
      mutual,
    );
    service = await startFakeService(script, { credentials });
    return service;
  };
  const list = (args: readonly string[], env: Record<string, string> = {}) =>
    runCli(['client', 'list', '--timeout', '5s', ...args], { env: { ...CREDENTIAL, ...env } });

  it('works with the authority that the certificate is of', () =>
    inFolder(async (folder) => {
      const { address } = await serve();
      const ca = join(folder, 'ca.pem');
      writeFileSync(ca, authority.cert);
      expect((await list(['--address', address, '--ca-file', ca])).exitCode).to.equal(0);
      const byVariable = await list([], { COUNTERSIGN_ADDRESS: address, COUNTERSIGN_TLS_CA_FILE: ca });
      expect(byVariable.exitCode).to.equal(0);
    }));

  it('sends no secret to a server whose certificate is of another authority', () =>
    inFolder(async (folder) => {
      const { address, asked } = await serve();
      const other = await makeAuthority('Another');
      const ca = join(folder, 'ca.pem');
      writeFileSync(ca, other.cert);
      await other.close();
      const { exitCode, stderr } = await list(['--address', address, '--ca-file', ca]);
      expect(exitCode).to.equal(5);
      expect(stderr).to.match(/^countersign: temporarily_unavailable: [^\n]*certificate[^\n]*\n$/);
      expect(asked).to.deep.equal([]);
    }));

  it('sends no secret in plaintext to an address beyond loopback', async () => {
    const { exitCode, stderr } = await list(['--address', 'localhost.invalid:50051']);
    expect(exitCode).to.equal(5);
    expect(stderr).to.contain('with TLS');
  });

  it('presents its own certificate where the server asks for one', () =>
    inFolder(async (folder) => {
      const { address } = await serve({ mutual: true });
      const client = await authority.issue('operator');
      const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(folder, name));
      writeFileSync(ca ?? '', authority.cert);
      writeFileSync(cert ?? '', client.cert);
      writeFileSync(key ?? '', client.key);
      const args = ['--address', address, '--ca-file', ca ?? ''];
      expect((await list([...args, '--cert-file', cert ?? '', '--key-file', key ?? ''])).exitCode).to.equal(
        0,
      );
      expect((await list(args)).exitCode).to.equal(5);
    }));

  it('refuses files that are missing or no PEM, and settings that contradict each other', () =>
    inFolder(async (folder) => {
      const junk = join(folder, 'junk.pem');
      writeFileSync(junk, 'junk');
      const attempts: readonly (readonly string[])[] = [
        ['--ca-file', join(folder, 'missing.pem')],
        ['--ca-file', junk, '--cert-file', junk, '--key-file', junk],
        ['--cert-file', junk],
        ['--ca-file', junk, '--plaintext'],
      ];
      for (const args of attempts) {
        const { exitCode, stderr } = await list(args);
        expect(exitCode, args.join(' ')).to.equal(2);
        expect(stderr).to.match(/^countersign: (?:file|settings): [^\n]+\n$/);
      }
    }));
});
