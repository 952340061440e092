import { readFileSync } from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { TokenServiceClient } from '../../src/wire/gen/countersign/v1/token_service.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import {
  freshMasterKey,
  launchServerProcess,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.js';

const ADMIN = { clientId: 'root', clientSecret: 'a-bootstrap-secret-of-40-characters-0001' };

/** The processes that a process started, and that still are. */
const workersOf = ({ pid }: ServerProcess): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);

/** One token over a connection of its own. */
async function issueToken({ ports }: ServerProcess): Promise<string> {
  const client = new TokenServiceClient(`127.0.0.1:${ports.grpc}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  try {
    return await new Promise((resolve, reject) => {
      const request = { ...ADMIN, scopes: [], audience: '', ttlSeconds: 0 };
      client.issueToken(request, (err, answer) => (err ? reject(err) : resolve(answer.accessToken)));
    });
  } finally {
    client.close();
  }
}

async function metric({ ports }: ServerProcess, start: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${ports.ops}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${start} `))
      ?.split(' ')
      .at(-1),
  );
}

const readiness = async ({ ports }: ServerProcess): Promise<number> =>
  (await fetch(`http://127.0.0.1:${ports.ops}/readyz`)).status;

describe('several workers', function () {
  this.timeout(60_000);
  let redis: TestRedis;
  let settings: Record<string, string>;
  let server: ServerProcess;

  beforeEach(async () => {
    redis = await startRedis();
    settings = {
      COUNTERSIGN_STORE: redis.url,
      COUNTERSIGN_ISSUER: 'https://auth.example',
      COUNTERSIGN_MASTER_KEY: freshMasterKey(),
      COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMIN.clientId,
      COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN.clientSecret,
      COUNTERSIGN_WORKERS: '2',
    };
  });
  afterEach(async () => {
    await server?.kill();
    await redis.stop();
  });

  it('share the ports, take turns, and add up their metrics; one line says that they listen', async () => {
    server = await startServerProcess(settings);
    expect(workersOf(server)).to.have.length(2);
    for (let i = 0; i < 6; i += 1) await issueToken(server);
    expect(await metric(server, 'countersign_tokens_issued_total')).to.equal(6);
    const lines = server.logLines();
    expect(lines.filter(({ msg }) => msg === 'listening')).to.have.length(1);
    const servers = new Set(lines.filter(({ msg }) => msg === 'call').map(({ pid }) => pid));
    expect([...servers].sort()).to.deep.equal(workersOf(server).sort());
    expect(await readiness(server)).to.equal(200);
  });

  it('replace one that is killed, and the others serve meanwhile', async () => {
    server = await startServerProcess(settings);
    const before = workersOf(server);
    const [victim = 0, other = 0] = before;
    process.kill(victim, 'SIGKILL');
    await eventually(() => expect(workersOf(server)).not.to.include(victim));
    await issueToken(server);
    await eventually(async () => {
      expect(workersOf(server)).to.have.length(2).and.to.include(other);
      for (let i = 0; i < 4; i += 1) await issueToken(server);
      const servers = new Set(
        server
          .logLines()
          .filter(({ msg }) => msg === 'call')
          .map(({ pid }) => pid),
      );
      const [fresh] = workersOf(server).filter((pid) => !before.includes(pid));
      expect(servers.has(fresh)).to.equal(true);
    });
    expect(server.logLines().some(({ worker_pid, signal }) => worker_pid === victim && signal === 'SIGKILL'))
      .to.be.true;
  });

  it('all end when the first process is told to stop, and it exits 0', async () => {
    server = await startServerProcess(settings);
    const workers = workersOf(server);
    expect(await server.stop()).to.equal(0);
    for (const pid of workers) expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });

  it('end at once with the first process', async () => {
    server = await startServerProcess(settings);
    const workers = workersOf(server);
    await server.kill();
    await eventually(() => {
      for (const pid of workers) expect(() => process.kill(pid, 0)).to.throw('ESRCH');
    });
  });

  it('refuse a store of another issuer once, in words, with status 2', async () => {
    server = await startServerProcess(settings);
    await server.stop();
    const refused = launchServerProcess({ ...settings, COUNTERSIGN_ISSUER: 'https://other.example' });
    expect(await refused.exited).to.equal(2);
    expect(refused.output().split('https://auth.example')).to.have.length(2);
  });
});
