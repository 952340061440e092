import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as aTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { connectRedisStore } from '../../../src/adapters/redis/connect.js';
import { parseStoreUrl, type RedisTarget } from '../../../src/adapters/redis/store-url.js';
import type { Store } from '../../../src/domain/ports.js';
import { makeAuthority, type TestAuthority } from '../../support/certificates.js';
import { freePort } from '../../support/free-port.js';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  keyRing,
  storeMarker,
} from '../../support/records.js';
import { startRedis, startSentinel, type TestRedis } from '../../support/redis.js';
import { bareRedis, untilReady, untilReplicated } from '../../support/redis-store.js';
import { systemClock } from '../../support/system-clock.js';

const audit = auditEntry('Test');

const open = (url: string, ca?: string): Promise<Store> => openTarget(parseStoreUrl(url) as RedisTarget, ca);

const openTarget = (target: RedisTarget, ca?: string): Promise<Store> =>
  connectRedisStore({
    target,
    ca,
    keyPrefix: 'targets',
    waitReplicas: 0,
    clock: systemClock,
    startTimeoutMs: 2000,
  });

/** Founds the store, and sees that it keeps a client. */
async function serves(store: Store): Promise<void> {
  try {
    await store.keyRings.found(storeMarker(), keyRing());
    store.keyRings.bind('store-1');
    await store.clients.create(clientRecord('a'), generation(0), audit);
    await store.clients.revokeTokens(clientId('a'), audit);
    expect((await store.clients.look(clientId('a'))).client?.clientId).to.equal('a');
  } finally {
    await store.close();
  }
}

describe('Redis over TLS', () => {
  let authority: TestAuthority;
  let directory: string;
  let redis: TestRedis;
  let tlsPort: number;

  before(async () => {
    authority = await makeAuthority();
    directory = await mkdtemp(join(tmpdir(), 'countersign-tls-'));
    const { cert, key } = await authority.issue('redis');
    const fileOf = async (name: string, content: string): Promise<string> => {
      await writeFile(join(directory, name), content);
      return join(directory, name);
    };
    tlsPort = await freePort();
    redis = await startRedis({
      'tls-port': String(tlsPort),
      'tls-cert-file': await fileOf('cert.pem', cert),
      'tls-key-file': await fileOf('key.pem', key),
      'tls-ca-cert-file': await fileOf('ca.pem', authority.cert),
      'tls-auth-clients': 'no',
      requirepass: 'secret',
    });
  });
  after(async () => {
    await redis.stop();
    await authority.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('is used when its certificate is of the authority that was named', async () => {
    await serves(await open(`rediss://:secret@127.0.0.1:${tlsPort}`, authority.cert));
  });

  it('is refused when its certificate is of another authority', async () => {
    const stranger = await makeAuthority('Stranger');
    try {
      for (const ca of [undefined, stranger.cert]) {
        const error = await open(`rediss://:secret@127.0.0.1:${tlsPort}`, ca).catch(
          (reason: unknown) => reason,
        );
        expect(error)
          .to.have.property('message')
          .that.matches(/certificate/)
          .and.not.contains('secret');
      }
    } finally {
      await stranger.close();
    }
  });
});

describe('Redis behind Sentinels', () => {
  let master: TestRedis;
  let replica: TestRedis;
  let sentinel: TestRedis;

  before(async () => {
    master = await startRedis({ 'repl-diskless-sync-delay': '0' });
    replica = await startRedis({ replicaof: `127.0.0.1 ${master.port}`, 'repl-diskless-sync-delay': '0' });
    sentinel = await startSentinel(master, 'main');
    await untilReplicated(master);
    const bare = bareRedis(sentinel);
    while (!JSON.stringify(await bare.call('sentinel', 'replicas', 'main')).includes('"flags","slave"'))
      await aTurn();
    bare.disconnect();
  });
  after(async () => {
    await sentinel.stop();
    await replica.stop();
    await master.stop();
  });

  it('is found by its name, past a Sentinel that is down, and found again when another has taken over', async () => {
    const down = await freePort();
    const url = `redis-sentinel://127.0.0.1:${down},127.0.0.1:${sentinel.port}/main`;
    const store = await open(url);
    const bare = bareRedis(sentinel);
    try {
      await store.keyRings.found(storeMarker(), keyRing());
      store.keyRings.bind('store-1');
      await store.clients.create(clientRecord('a'), generation(0), audit);
      await untilReplicated(master);
      const { epoch } = (await store.feed.snapshot()).position;
      await bare.call('sentinel', 'failover', 'main');
      await untilReady(store, false);
      await untilReady(store);
      expect((await store.clients.look(clientId('a'))).client?.clientId).to.equal('a');
      await store.clients.revokeTokens(clientId('a'), audit);
      expect((await store.feed.snapshot()).position.epoch).not.to.equal(epoch);
    } finally {
      bare.disconnect();
      await store.close();
    }
  });

  it('is refused under a name that they do not know', async () => {
    const error = await open(`redis-sentinel://127.0.0.1:${sentinel.port}/other`).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.have.property('message').that.contains('cannot be used');
  });
});

describe('Sentinels that want to know who asks', () => {
  let master: TestRedis;
  let sentinel: TestRedis;

  before(async () => {
    master = await startRedis({ requirepass: 'of-redis' });
    sentinel = await startSentinel(master, 'main', { requirepass: 'of-sentinel' });
    const bare = new Redis({ host: sentinel.host, port: sentinel.port, password: 'of-sentinel' });
    await bare.call('sentinel', 'set', 'main', 'auth-pass', 'of-redis');
    await bare.call('acl', 'setuser', 'watcher', 'on', '>of-watcher', '+sentinel', '+client', '+info');
    bare.disconnect();
  });
  after(async () => {
    await sentinel.stop();
    await master.stop();
  });

  const openAs = (username?: string, password?: string): Promise<Store> => {
    const target = parseStoreUrl(`redis-sentinel://:of-redis@127.0.0.1:${sentinel.port}/main`);
    if (target.kind !== 'sentinel') throw new Error('that is behind Sentinels');
    return openTarget(
      password === undefined ? target : { ...target, sentinelCredentials: { username, password } },
    );
  };

  it('are told, by password alone or as a user, with credentials that Redis itself never sees', async () => {
    for (const [username, password] of [
      [undefined, 'of-sentinel'],
      ['watcher', 'of-watcher'],
    ] as const) {
      await serves(await openAs(username, password));
      await clear(master);
    }
  });

  it('lead nowhere without them, and no message repeats a password', async () => {
    for (const password of [undefined, 'of-nobody']) {
      const error = await openAs(undefined, password).catch((reason: unknown) => reason);
      expect(error)
        .to.have.property('message')
        .that.contains('cannot be used')
        .and.not.match(/of-(?:redis|nobody)/);
    }
  });

  it('are asked under them too by who watches for another master', async () => {
    const store = await openAs('watcher', 'of-watcher');
    const bare = new Redis({ host: sentinel.host, port: sentinel.port, password: 'of-sentinel' });
    try {
      expect(String(await bare.client('LIST'))).to.match(/name=countersign-sentinel .*user=watcher/);
    } finally {
      bare.disconnect();
      await store.close();
    }
  });
});

async function clear({ host, port }: TestRedis): Promise<void> {
  const bare = new Redis({ host, port, password: 'of-redis' });
  await bare.flushall();
  bare.disconnect();
}
