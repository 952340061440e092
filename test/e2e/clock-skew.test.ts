import { expect } from 'chai';
import { systemClock } from '../../src/adapters/system.js';
import { type RunningApp, startApp } from '../../src/app.js';
import { loadConfig } from '../../src/config/load-config.js';
import { makeLogger } from '../../src/log.js';
import { createVerifier, type Verifier } from '../../src/sdk/verifier.js';
import {
  ClientServiceService,
  RotateClientSecretRequest,
} from '../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceService } from '../../src/wire/gen/countersign/v1/key_service.js';
import { Connection, type Credential, keyIdOf, stockReader } from '../support/connection.js';
import { freshPrefix, sharedRedis } from '../support/redis.js';
import { freshMasterKey } from '../support/server-process.js';
import { WORKERS } from '../support/workers.js';

const ISSUER = 'https://auth.skew.example';
const AUDIENCE = 'https://stock.example';
const ROOT: Credential = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };
const SKEWS_MS = [-60_000, 0, 60_000];
const log = makeLogger('silent', { write: () => undefined, flush: () => undefined });

describe('servers whose clocks are up to a minute off', function () {
  this.timeout(20_000);
  const apps: RunningApp[] = [];
  const servers: Connection[] = [];
  const verifiers: Verifier[] = [];
  let orders: Credential;

  before(async () => {
    const settings = {
      COUNTERSIGN_STORE: (await sharedRedis()).url,
      COUNTERSIGN_KEY_PREFIX: freshPrefix(),
      COUNTERSIGN_ISSUER: ISSUER,
      COUNTERSIGN_MASTER_KEY: freshMasterKey(),
      COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ROOT.id,
      COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ROOT.secret,
      COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
      COUNTERSIGN_HTTP_LISTEN: 'off',
      COUNTERSIGN_OPS_LISTEN: 'off',
    };
    const config = loadConfig(settings, { readFile: () => '', cores: 1 });
    for (const skewMs of SKEWS_MS) {
      const clock = { ...systemClock, now: () => systemClock.now() + skewMs };
      const app = await startApp(config, { log, clock, workers: WORKERS });
      apps.push(app);
      servers.push(new Connection(app.ports.grpc, ROOT));
      verifiers.push(
        createVerifier({
          address: `127.0.0.1:${app.ports.grpc}`,
          issuer: ISSUER,
          audience: AUDIENCE,
          credential: { clientId: ROOT.id, clientSecret: ROOT.secret },
        }),
      );
    }
    orders = await servers[0]!.register('orders', stockReader(AUDIENCE));
    await Promise.all(verifiers.map((verifier) => verifier.ready(5000)));
  });
  after(async () => {
    for (const open of [...verifiers, ...servers]) open.close();
    await Promise.all(apps.map((app) => app.stop()));
  });

  it('issue tokens that every one of them, and every verifier with a right clock, accepts', async () => {
    for (const issuing of servers) {
      const token = await issuing.issue(orders);
      for (const asked of servers) expect(await asked.isActive(token)).to.equal(true);
      for (const verifier of verifiers) expect((await verifier.verify(token)).clientId).to.equal('orders');
    }
  });

  it('agree on when an old secret ends', async () => {
    const rotate = RotateClientSecretRequest.fromPartial({ clientId: 'orders', overlapSeconds: 30 });
    const { clientSecret } = await servers[2]!.call(ClientServiceService.rotateClientSecret, rotate);
    for (const asked of servers) {
      await asked.issue(orders);
      await asked.issue({ id: 'orders', secret: clientSecret });
    }
  });

  it('agree on the key that signs, and on its times, through a rotation', async () => {
    const nowMs = systemClock.now();
    const { key } = await servers[2]!.call(KeyServiceService.rotateSigningKey, { immediate: true });
    expect(key?.activateTime?.getTime()).to.be.closeTo(nowMs, 5000);
    for (const asked of servers) {
      expect(keyIdOf(await asked.issue(orders))).to.equal(key?.keyId);
      expect(await asked.signingKeys()).to.deep.equal(await servers[0]!.signingKeys());
    }
  });
});
