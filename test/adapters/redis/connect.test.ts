import { expect } from 'chai';
import { connectRedisStore, type RedisEvent } from '../../../src/adapters/redis/connect.js';
import { parseStoreUrl, type RedisTarget } from '../../../src/adapters/redis/store-url.js';
import { freePort } from '../../support/free-port.js';
import { auditEntry, clientId, clientRecord, generation, keyRing, tokenId } from '../../support/records.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { bareRedis, openFoundedStore, openRedisStore, untilReady } from '../../support/redis-store.js';
import { systemClock } from '../../support/system-clock.js';

const audit = auditEntry('Test');
const target = (text: string): RedisTarget => parseStoreUrl(text) as RedisTarget;

describe('connecting to Redis', () => {
  let redis: TestRedis;
  afterEach(() => redis?.stop());

  const failure = (url: string): Promise<Error> =>
    connectRedisStore({
      target: target(url),
      keyPrefix: 'connect',
      waitReplicas: 0,
      clock: systemClock,
      startTimeoutMs: 500,
    }).then(
      () => expect.fail('connected'),
      (error: Error) => error,
    );

  it('fails in time where nobody listens, naming the place', async () => {
    const port = await freePort();
    const error = await failure(`redis://user:canary@127.0.0.1:${port}`);
    expect(error.message)
      .to.contain(`127.0.0.1:${port}`)
      .and.contain('ECONNREFUSED')
      .and.not.contain('canary');
  });

  it('fails in time where someone listens but never answers', async () => {
    redis = await startRedis();
    redis.pause();
    const error = await failure(`redis://127.0.0.1:${redis.port}`);
    expect(error.message).to.contain('cannot be used');
  });

  it('fails at once on a wrong or missing password, without repeating it', async () => {
    redis = await startRedis({ requirepass: 'right' });
    for (const [credentials, reason] of [
      ['', 'NOAUTH'],
      [':canary@', 'WRONGPASS'],
      ['nobody:canary@', 'WRONGPASS'],
    ] as const) {
      const error = await failure(`redis://${credentials}127.0.0.1:${redis.port}`);
      expect(error.message).to.contain(reason).and.not.contain('canary');
      expect(JSON.stringify({ ...error, cause: error.cause })).not.to.contain('canary');
    }
  });

  it('waits for a Redis that comes late', async () => {
    redis = await startRedis();
    await redis.kill();
    const connecting = openFoundedStore(redis, { keyPrefix: 'late' });
    await redis.restart();
    const store = await connecting;
    expect(store.ready()).to.equal(true);
    await store.close();
  });

  it('tells of connections lost and found, once each', async () => {
    redis = await startRedis({ appendonly: 'yes' });
    const events: RedisEvent[] = [];
    const store = await openFoundedStore(redis, { onEvent: (event) => events.push(event) });
    await redis.kill();
    await untilReady(store, false);
    await redis.restart();
    await untilReady(store);
    await store.close();
    const told = events.map(({ kind, connection }) => `${kind} ${connection}`);
    expect(told.slice(0, 6)).to.have.members([
      'connected ordinary',
      'connected writer',
      'lost ordinary',
      'lost writer',
      'connected ordinary',
      'connected writer',
    ]);
  });

  it('needs no more of a Redis user than these commands on its own keys', async () => {
    redis = await startRedis();
    const bare = bareRedis(redis);
    const commands = (
      'hmget mget get exists zmscore zrangebylex hscan zscan time info xinfo|stream xread ' +
      'evalsha eval wait set hget hset del zadd zrem zscore zrangebyscore xadd client|setname ' +
      'zcard hlen xlen xrange xrevrange'
    ).split(' ');
    await bare.call(
      'acl',
      'setuser',
      'service',
      'on',
      '>secret',
      'resetkeys',
      '~{acl}:*',
      ...commands.map((command) => `+${command}`),
    );
    bare.disconnect();
    const store = await openFoundedStore(redis, {
      keyPrefix: 'acl',
      target: target(`redis://service:secret@127.0.0.1:${redis.port}`),
    });
    try {
      const id = clientId('a');
      await store.clients.bootstrap(clientRecord('admin'), audit);
      await store.clients.create(clientRecord('a'), generation(0), audit);
      await store.clients.revoke(id, { by: 'x', reason: '' }, audit);
      const { client } = await store.clients.look(id);
      await store.clients.reinstate(id, client!, audit);
      await store.clients.revokeSecret(id, client!.secrets[0]!.secretId, audit);
      await store.ledger.revokeToken(tokenId('old'), 1, audit);
      await store.ledger.revokeToken(tokenId('t'), 4_000_000_000, audit);
      expect((await store.ledger.look(id, tokenId('t'))).tokenRevoked).to.equal(true);
      await store.keyRings.replace(keyRing(2), { audit });
      const { position, parts } = await store.feed.snapshot();
      for await (const part of parts) expect(part.length).to.be.greaterThan(0);
      const stop = new AbortController();
      const confirmed = new Promise<void>((resolve, reject) => {
        store.feed
          .follow(position, { change: () => undefined, confirmed: () => resolve() }, stop.signal)
          .catch(reject);
      });
      await confirmed;
      stop.abort();
      const now = (await store.clients.look(id)).client!;
      await store.clients.delete(id, now, audit);
      expect(await store.clients.list({ limit: 5 })).to.have.length(1);
      expect((await store.census()).clients).to.equal(1);
      expect(await store.audit.list({ limit: 5 })).to.have.length(5);
      expect((await store.inspect()).map(({ severity }) => severity)).to.deep.equal(['warn']);
    } finally {
      await store.close();
    }
  });
});

describe('what a store says of the Redis it stands on', () => {
  const findings = async (settings: Record<string, string>): Promise<string[]> => {
    const redis = await startRedis(settings);
    const store = await openRedisStore(redis);
    try {
      return (await store.inspect()).map(({ severity, message }) => `${severity}: ${message}`);
    } finally {
      await store.close();
      await redis.stop();
    }
  };

  it('nothing when it keeps all it is given, on disk too', async () => {
    expect(await findings({ appendonly: 'yes', appendfsync: 'always' })).to.deep.equal([]);
  });

  for (const policy of ['everysec', 'no']) {
    it(`a warning when it answers before it is on disk (appendfsync ${policy})`, async () => {
      const [warning, ...more] = await findings({ appendonly: 'yes', appendfsync: policy });
      expect(warning).to.match(new RegExp(`^warn: .*appendfsync ${policy}`));
      expect(more).to.deep.equal([]);
    });
  }

  it('a warning without an append-only file', async () => {
    const [warning, ...more] = await findings({});
    expect(warning).to.match(/^warn: .*append-only file/);
    expect(more).to.deep.equal([]);
  });

  for (const policy of ['allkeys-lru', 'volatile-ttl', 'volatile-lru', 'allkeys-random']) {
    it(`a refusal of the eviction policy ${policy}`, async () => {
      const [refusal] = await findings({ appendonly: 'yes', 'maxmemory-policy': policy });
      expect(refusal).to.match(new RegExp(`^refuse: .*${policy}`));
    });
  }

  it('a refusal when it may not ask', async () => {
    const redis = await startRedis({ appendonly: 'yes' });
    const store = await openRedisStore(redis);
    const bare = bareRedis(redis);
    try {
      await bare.call('acl', 'setuser', 'default', '-info');
      const [refusal] = await store.inspect();
      expect(refusal).to.have.property('severity', 'refuse');
      expect(refusal?.message).to.contain('INFO');
    } finally {
      bare.disconnect();
      await store.close();
      await redis.stop();
    }
  });
});
