import { type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { localKeyFromPaserk } from '../../src/adapters/paseto/paserk.js';
import {
  AuditServiceService,
  ListAuditEventsRequest,
} from '../../src/wire/gen/countersign/v1/audit_service.js';
import { TokenServiceService } from '../../src/wire/gen/countersign/v1/token_service.js';
import { runCli } from '../cli/support/run-cli.js';
import { basicOf, Connection, type Credential, stockReader } from '../support/connection.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import {
  freshMasterKey,
  launchServerProcess,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.js';
import { AUDIENCE, ROOT, trialSettings } from '../support/trial-settings.js';

type Settings = Record<string, string>;

/** A server as those who need it see it. */
interface Server extends Connection {
  readonly process: ServerProcess;
}

const readiness = async ({ process }: Server): Promise<number> =>
  (await fetch(`http://127.0.0.1:${process.ports.ops}/readyz`)).status;

const statusOf = (call: Promise<unknown>): Promise<status> =>
  call.then(
    () => status.OK,
    (err: ServiceError) => err.code,
  );

describe('changing the master key', function () {
  this.timeout(60_000);
  const [OLD, NEW] = [freshMasterKey(), freshMasterKey()];
  let redis: TestRedis;
  let base: Settings;
  const servers: Server[] = [];

  const withKeys = (current: string, previous?: string): Settings => ({
    ...base,
    COUNTERSIGN_MASTER_KEY: current,
    ...(previous === undefined ? {} : { COUNTERSIGN_MASTER_KEY_PREVIOUS: previous }),
  });
  const start = async (settings: Settings): Promise<Server> => {
    const process = await startServerProcess(settings);
    const server = Object.assign(new Connection(process.ports.grpc, ROOT), { process });
    servers.push(server);
    return server;
  };
  const stop = async (server: Server): Promise<void> => {
    server.close();
    expect(await server.process.stop()).to.equal(0);
  };
  const rewrap = async (settings: Settings): Promise<boolean> => {
    const { exitCode, stdout, stderr } = await runCli(['keys', 'rewrap', '--yes', '--json'], {
      env: settings,
    });
    expect(exitCode, stderr).to.equal(0);
    return (JSON.parse(stdout) as { rewrapped: boolean }).rewrapped;
  };

  beforeEach(async () => {
    redis = await startRedis();
    base = trialSettings(redis.url);
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close();
      await server.process.kill();
    }
    await redis.stop();
  });

  it('goes without a failed call, a new secret or a lost token, and then the old one can go', async () => {
    const before = await Promise.all([start(withKeys(OLD)), start(withKeys(OLD))]);
    const orders = await before[0].register('orders', stockReader(AUDIENCE));
    const token = await before[0].issue(orders);

    // Every server is replaced by one that has both; nothing changes in the store.
    const both = [await start(withKeys(NEW, OLD)), await start(withKeys(NEW, OLD))] as const;
    await Promise.all(before.map(stop));

    let running = true;
    let answered = 0;
    const failed: unknown[] = [];
    const load = both.map(async (server) => {
      while (running) {
        try {
          expect(await server.isActive(await server.issue(orders))).to.equal(true);
          answered += 1;
        } catch (err) {
          failed.push(err);
        }
      }
    });
    await eventually(() => expect(answered).to.be.greaterThan(20));
    expect(await rewrap(withKeys(NEW, OLD))).to.equal(true);
    const atTheChange = answered;
    await eventually(() => expect(answered).to.be.greaterThan(atTheChange + 20));
    running = false;
    await Promise.all(load);
    expect(failed).to.deep.equal([]);
    expect(await rewrap(withKeys(NEW, OLD)), 'once is enough').to.equal(false);

    const after = await start(withKeys(NEW));
    await Promise.all(both.map(stop));
    expect(await after.isActive(token)).to.equal(true);
    expect(await after.isActive(await after.issue(orders))).to.equal(true);
    const { events } = await after.call(
      AuditServiceService.listAuditEvents,
      ListAuditEventsRequest.fromPartial({ pageSize: 10 }),
    );
    const rewraps = events.filter(({ action }) => action === 'RewrapKeys');
    expect(rewraps.map(({ target }) => target)).to.deep.equal([localKeyFromPaserk(NEW).keyId]);
  });

  it('leaves a server that has only the old one not ready and UNAVAILABLE, never wrong, until it is undone', async () => {
    const forgotten = await start(withKeys(OLD));
    const orders = await forgotten.register('orders', stockReader(AUDIENCE));
    const token = await forgotten.issue(orders);
    expect(await forgotten.isActive(token)).to.equal(true);
    await start(withKeys(NEW, OLD));
    expect(await rewrap(withKeys(NEW, OLD))).to.equal(true);

    // With the next look at the store it knows: a token or a verdict is never given on keys that may be of the past.
    expect(await statusOf(forgotten.issue(orders))).to.equal(status.UNAVAILABLE);
    expect(await statusOf(forgotten.isActive(token))).to.equal(status.UNAVAILABLE);
    const keys = forgotten.call(TokenServiceService.listVerificationKeys, {});
    expect(await statusOf(keys)).to.equal(status.UNAVAILABLE);
    expect(await statusOf(forgotten.signingKeys())).to.equal(status.UNAVAILABLE);
    await expectUnavailableOverHttp(forgotten, orders);
    await eventually(async () => expect(await readiness(forgotten)).to.equal(503));
    await eventually(() => {
      const told = JSON.stringify(forgotten.process.logLines());
      expect(told).to.contain('"ready":false').and.to.contain(localKeyFromPaserk(NEW).keyId);
    });

    expect(await rewrap(withKeys(OLD, NEW))).to.equal(true);
    await eventually(async () => expect(await readiness(forgotten)).to.equal(200));
    expect(await forgotten.isActive(token)).to.equal(true);
    expect(await statusOf(forgotten.issue(orders))).to.equal(status.OK);
  });

  it('is refused to whoever lacks the old one, and a server with a wrong one ends with status 2', async () => {
    await start(withKeys(OLD));
    for (const settings of [withKeys(NEW), withKeys(NEW, freshMasterKey())]) {
      const stranger = launchServerProcess(settings);
      expect(await stranger.exited).to.equal(2);
      expect(stranger.output()).to.contain(localKeyFromPaserk(OLD).keyId);
      expect(stranger.output()).to.not.contain(NEW).and.not.contain(OLD);
      const { exitCode } = await runCli(['keys', 'rewrap', '--yes'], { env: settings });
      expect(exitCode).to.equal(2);
    }
  });
});

async function expectUnavailableOverHttp({ process }: Server, { id, secret }: Credential): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${process.ports.http}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basicOf({ id, secret }) },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  expect(answer.status).to.equal(503);
  expect(answer.headers.get('retry-after')).to.match(/^\d+$/);
  expect(await answer.json()).to.include({ error: 'temporarily_unavailable' });
}
