import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { TokenServiceClient } from '../../src/wire/gen/countersign/v1/token_service.js';
import { makeAuthority } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { launchServerProcess, type ServerProcess, startServerProcess } from '../support/server-process.js';

const SECRET = 'a-bootstrap-secret-of-40-characters-0001';
const ADMIN = {
  COUNTERSIGN_BOOTSTRAP_CLIENT_ID: 'root',
  COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: SECRET,
};

const tokenFor = (server: ServerProcess, id: string, secret: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${server.ports.http}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, ...headers },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });

const ops = async (server: ServerProcess, path: string): Promise<{ status: number; text: string }> => {
  const answer = await fetch(`http://127.0.0.1:${server.ports.ops}${path}`);
  return { status: answer.status, text: await answer.text() };
};

describe('operating the process', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  afterEach(() => (server as ServerProcess | undefined)?.kill());

  const overGrpc = (clientId: string, clientSecret: string): Promise<ServiceError | null> => {
    const client = new TokenServiceClient(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
    return new Promise((resolve) => {
      client.issueToken(
        { clientId, clientSecret, scopes: [], audience: '', ttlSeconds: 0 },
        new Metadata(),
        { deadline: Date.now() + 5000 },
        (error) => {
          client.close();
          resolve(error);
        },
      );
    });
  };

  it('slows down whoever keeps failing, at both doors together, and never who has the right secret', async () => {
    server = await startServerProcess(ADMIN);
    for (const id of ['root', 'nobody']) {
      for (let failure = 0; failure < 10; failure += 1) {
        expect((await tokenFor(server, id, 'wrong')).status).to.equal(401);
        expect(await overGrpc(id, 'wrong')).to.have.property('code', status.UNAUTHENTICATED);
      }
      const refused = await tokenFor(server, id, 'wrong');
      expect(refused.status).to.equal(429);
      expect(refused.headers.get('retry-after')).to.match(/^[1-9]\d*$/);
      expect(await refused.json()).to.have.property('error', 'slow_down');
      const alsoRefused = await overGrpc(id, 'wrong');
      expect(alsoRefused).to.have.property('code', status.RESOURCE_EXHAUSTED);
      expect(alsoRefused?.metadata.get('countersign-error')).to.deep.equal(['slow_down']);
    }
    expect((await tokenFor(server, 'root', SECRET)).status).to.equal(200);
    expect(await overGrpc('root', SECRET)).to.equal(null);
  });

  it('bounds how many tokens a client gets where a quota is set', async () => {
    server = await startServerProcess({ ...ADMIN, COUNTERSIGN_ISSUE_QUOTA_PER_MINUTE: '2' });
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await tokenFor(server, 'root', SECRET)).status);
    expect(statuses).to.deep.equal([200, 200, 429]);
  });

  it('counts calls by door, and writes them under the trace that the caller has begun', async () => {
    server = await startServerProcess(ADMIN);
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await tokenFor(server, 'root', SECRET, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    await overGrpc('root', SECRET);
    const { text } = await ops(server, '/metrics');
    for (const door of ['http', 'grpc']) {
      expect(text).to.contain(`countersign_requests_total{rpc="IssueToken",door="${door}",code="ok"} 1`);
    }
    expect(text).to.contain('countersign_tokens_issued_total 2');
    expect(text).to.contain('countersign_ready 1');
    expect(text).to.contain('countersign_clients 1');
    await eventually(() =>
      expect(server.logLines().filter((line) => line.trace_id === traceId)).to.have.length(1),
    );
  });

  it('on SIGTERM is not ready at once, serves on for the grace, and then ends with status 0', async () => {
    server = await startServerProcess({ ...ADMIN, COUNTERSIGN_DRAIN_GRACE_SECONDS: '2' });
    expect((await tokenFor(server, 'root', SECRET)).headers.get('connection')).not.to.equal('close');
    server.signal('SIGTERM');
    await eventually(async () => expect((await ops(server, '/readyz')).status).to.equal(503));
    expect((await ops(server, '/livez')).status).to.equal(200);
    const served = await tokenFor(server, 'root', SECRET);
    expect(served.status).to.equal(200);
    expect(served.headers.get('connection')).to.equal('close');
    expect(await overGrpc('root', SECRET)).to.equal(null);
    expect(await server.exited).to.equal(0);
  });

  it('refuses certificates that are no good with status 2, before anything listens', async () => {
    const authority = await makeAuthority();
    const directory = await mkdtemp(join(tmpdir(), 'countersign-tls-'));
    try {
      const [one, two] = [await authority.issue('one'), await authority.issue('two')];
      await writeFile(join(directory, 'cert.pem'), one.cert);
      await writeFile(join(directory, 'key.pem'), two.key);
      const refused = launchServerProcess({
        COUNTERSIGN_TLS_CERT_FILE: join(directory, 'cert.pem'),
        COUNTERSIGN_TLS_KEY_FILE: join(directory, 'key.pem'),
        COUNTERSIGN_TLS_CLIENT_CA_FILE: join(directory, 'nothing.pem'),
      });
      expect(await refused.exited).to.equal(2);
      expect(refused.output()).to.contain('COUNTERSIGN_TLS_KEY_FILE names a key that does not belong');
      expect(refused.output()).to.contain('COUNTERSIGN_TLS_CLIENT_CA_FILE names a file that cannot be read');
      expect(refused.output()).not.to.contain('listening');
    } finally {
      await authority.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
