import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import {
  freshMasterKey,
  launchServerProcess,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.js';

const ADMIN_SECRET = 'a-bootstrap-secret-of-40-characters-0001';
const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

const ask = (server: ServerProcess, path: string, form: Record<string, string>, auth: string) =>
  fetch(`http://127.0.0.1:${server.ports.http}${path}`, {
    method: 'POST',
    headers: { authorization: auth },
    body: new URLSearchParams(form),
  });

const getToken = (server: ServerProcess, auth: string) =>
  ask(server, '/oauth/token', { grant_type: 'client_credentials' }, auth);

const readiness = async (server: ServerProcess): Promise<number> =>
  (await fetch(`http://127.0.0.1:${server.ports.ops}/readyz`)).status;

describe('the process', function () {
  this.timeout(60_000);

  describe('without any configuration', () => {
    let server: ServerProcess;
    before(async () => {
      server = await startServerProcess({
        COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
        COUNTERSIGN_HTTP_LISTEN: '127.0.0.1:0',
        COUNTERSIGN_OPS_LISTEN: '127.0.0.1:0',
      });
      await eventually(() => expect(server.output()).to.contain('client secret'));
    });
    after(() => server.kill());

    it('says that it forgets everything, and prints the first credentials once, outside the log', () => {
      expect(server.output()).to.contain('forgotten on exit');
      const secret = /client secret {2}(cs_[A-Za-z0-9]+)/.exec(server.output())?.[1] ?? '';
      expect(secret).to.match(/^cs_[A-Za-z0-9]{49,}$/);
      expect(JSON.stringify(server.logLines())).not.to.contain(secret);
    });

    it('prints commands that work when pasted', async () => {
      const [, id = '', secret = ''] = /curl -s -u ([^:]+):(\S+)/.exec(server.output()) ?? [];
      const answer = await getToken(server, basic(id, secret));
      expect(answer.status).to.equal(200);
      expect(await answer.json()).to.include({ token_type: 'Bearer', scope: 'countersign:admin' });
    });

    it('is its own issuer at its real address', async () => {
      const answer = await fetch(
        `http://127.0.0.1:${server.ports.http}/.well-known/oauth-authorization-server`,
      );
      expect(await answer.json()).to.include({ issuer: `http://127.0.0.1:${server.ports.http}` });
    });

    it('is live and ready, and answers the health command of the container', async () => {
      expect(await readiness(server)).to.equal(200);
    });
  });

  it('refuses bad settings with one message that lists them all, and status 2', async () => {
    const server = launchServerProcess({
      COUNTERSIGN_STORE: 'redis://127.0.0.1:1',
      COUNTERSIGN_GRPC_LISTEN: 'here',
      COUNTERSIGN_REFLECTION: 'maybe',
    });
    expect(await server.exited).to.equal(2);
    for (const name of ['ISSUER', 'MASTER_KEY', 'GRPC_LISTEN', 'REFLECTION']) {
      expect(server.output()).to.contain(`COUNTERSIGN_${name}`);
    }
  });

  it('ends with status 0 on SIGTERM, and says so', async () => {
    const server = await startServerProcess();
    server.signal('SIGTERM');
    expect(await server.exited).to.equal(0);
    expect(server.logLines().map(({ msg }) => msg)).to.include.members(['stopping', 'stopped']);
  });

  describe('on Redis', () => {
    let redis: TestRedis;
    let settings: Record<string, string>;
    const servers: ServerProcess[] = [];
    const start = async (changes: Record<string, string> = {}): Promise<ServerProcess> => {
      const server = await startServerProcess({ ...settings, ...changes });
      servers.push(server);
      return server;
    };

    beforeEach(async () => {
      redis = await startRedis();
      settings = {
        COUNTERSIGN_STORE: redis.url,
        COUNTERSIGN_ISSUER: 'https://auth.e2e.example',
        COUNTERSIGN_MASTER_KEY: freshMasterKey(),
        COUNTERSIGN_BOOTSTRAP_CLIENT_ID: 'root',
        COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN_SECRET,
      };
    });
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.kill()));
      await redis.stop();
    });

    for (const [what, changes] of [
      ['another issuer', { COUNTERSIGN_ISSUER: 'https://other.example' }],
      ['another master key', { COUNTERSIGN_MASTER_KEY: freshMasterKey() }],
    ] as const) {
      it(`refuses a store that belongs to ${what}, with status 2`, async () => {
        await start();
        const stranger = launchServerProcess({ ...settings, ...changes });
        expect(await stranger.exited).to.equal(2);
      });
    }

    it('refuses a store that may evict revocations, with status 2', async () => {
      const evicting = await startRedis({ maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' });
      try {
        const server = launchServerProcess({ ...settings, COUNTERSIGN_STORE: evicting.url });
        expect(await server.exited).to.equal(2);
        expect(server.output()).to.contain('noeviction');
      } finally {
        await evicting.stop();
      }
    });

    it('is not ready and says UNAVAILABLE once the store came back empty, and never founds it anew', async () => {
      const server = await start();
      expect((await getToken(server, basic('root', ADMIN_SECRET))).status).to.equal(200);
      await redis.kill();
      await redis.restart();
      await eventually(async () => expect(await readiness(server)).to.equal(503));
      await eventually(async () => {
        const answer = await getToken(server, basic('root', ADMIN_SECRET));
        expect(answer.status).to.equal(503);
        expect(answer.headers.get('retry-after')).to.match(/^\d+$/);
      });
    });

    it('loses readiness with the store and finds it again', async () => {
      const server = await start();
      redis.pause();
      await eventually(async () => expect(await readiness(server)).to.equal(503));
      expect((await getToken(server, basic('root', ADMIN_SECRET))).status).to.equal(503);
      redis.resume();
      await eventually(async () => expect(await readiness(server)).to.equal(200));
      expect((await getToken(server, basic('root', ADMIN_SECRET))).status).to.equal(200);
    });

    it('makes the first administrator once: another secret at a later start changes nothing', async () => {
      const first = await start();
      await first.stop();
      const second = await start({ COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: `${ADMIN_SECRET}-changed` });
      expect((await getToken(second, basic('root', ADMIN_SECRET))).status).to.equal(200);
      expect((await getToken(second, basic('root', `${ADMIN_SECRET}-changed`))).status).to.equal(401);
    });

    it('ends with status 0 on SIGTERM while its store hangs', async () => {
      const server = await start();
      redis.pause();
      const stuck = getToken(server, basic('root', ADMIN_SECRET)).then((answer) => answer.status);
      server.signal('SIGTERM');
      expect(await server.exited).to.equal(0);
      expect(await stuck.catch(() => 503)).to.equal(503);
      redis.resume();
    });
  });
});
