import { setImmediate as aTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { AuthError } from '../../../src/domain/errors.js';
import type { Store } from '../../../src/domain/ports.js';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  keyRing,
  storeMarker,
  tokenId,
} from '../../support/records.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { bareRedis, openFoundedStore, openRedisStore, untilReady } from '../../support/redis-store.js';
import { refusal } from '../../support/refusal.js';

const audit = auditEntry('Test');
const id = clientId('a');
const FAR = 4_000_000_000;
const PREFIX = 'faults';

const outcome = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'done',
    (error: unknown) => (error instanceof AuthError ? error.code : String(error)),
  );

describe('a Redis in trouble', () => {
  let redis: TestRedis;
  let bare: Redis;
  let store: Store;

  beforeEach(async () => {
    redis = await startRedis();
    bare = bareRedis(redis);
    store = await openFoundedStore(redis, { keyPrefix: PREFIX });
    await store.clients.create(clientRecord('a'), generation(0), audit);
  });
  afterEach(async () => {
    bare.disconnect();
    await store.close();
    await redis.stop();
  });

  it('that forgets its scripts makes no call fail', async () => {
    const acts: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 10; index += 1) acts.push(store.clients.revokeTokens(id, audit));
      await bare.script('FLUSH');
      await acts.at(-1);
    }
    await Promise.all(acts);
    expect((await store.feed.snapshot()).position.sequence).to.equal(200);
  });

  it('that is emptied answers nothing, is written nothing, and is trusted again once its data is back', async () => {
    const { position } = await store.feed.snapshot();
    const following = store.feed.follow(
      position,
      { change: () => undefined, confirmed: () => undefined },
      new AbortController().signal,
    );
    const ended = following.catch((error: unknown) => error);
    await bare.call('swapdb', 0, 1);
    await refusal(store.clients.look(id), 'temporarily_unavailable');
    expect(store.ready()).to.equal(false);
    await refusal(store.clients.list({ limit: 5 }), 'temporarily_unavailable');
    await refusal(store.keyRings.read(), 'temporarily_unavailable');
    await refusal(store.keyRings.found(storeMarker(), keyRing()), 'temporarily_unavailable');
    await refusal(store.clients.create(clientRecord('b'), generation(0), audit), 'temporarily_unavailable');
    await refusal(store.clients.revoke(id, { by: 'x', reason: '' }, audit), 'temporarily_unavailable');
    await refusal(store.ledger.revokeToken(tokenId('t'), FAR, audit), 'temporarily_unavailable');
    await refusal(store.feed.snapshot(), 'temporarily_unavailable');
    expect(await ended).to.have.property('code', 'temporarily_unavailable');
    expect(await bare.dbsize()).to.equal(0);
    await bare.call('swapdb', 0, 1);
    await untilReady(store);
    expect((await store.clients.look(id)).client?.clientId).to.equal('a');
  });

  it('that restarts empty is not ready, and says so without being asked', async () => {
    await redis.kill();
    await untilReady(store, false);
    await redis.restart();
    await refusal(store.clients.look(id), 'temporarily_unavailable');
    expect(store.ready()).to.equal(false);
  });

  it('that is full refuses changes whole, keeps what it had, and recovers by itself', async () => {
    const used = Number(/used_memory:(\d+)/.exec(await bare.info('memory'))?.[1]);
    await bare.config('SET', 'maxmemory', used + 300_000);
    let done = 0;
    while ((await outcome(store.ledger.revokeToken(tokenId(`t${done}`), FAR, audit))) === 'done') done += 1;
    expect(done).to.be.greaterThan(10);
    // Some releases free a little after each refusal, and would take the next change after all.
    await bare.config('SET', 'maxmemory', used);
    const record = clientRecord('b');
    for (const act of [
      () => store.ledger.revokeToken(tokenId('late'), FAR, audit),
      () => store.clients.revoke(id, { by: 'x', reason: '' }, audit),
      () => store.clients.create(record, generation(0), audit),
      () => store.clients.delete(id, { version: 1, generation: generation(0) }, audit),
    ]) {
      await refusal(act(), 'temporarily_unavailable');
    }
    const looks = await Promise.all(
      Array.from({ length: done }, (_, index) => store.ledger.look(id, tokenId(`t${index}`))),
    );
    expect(looks.every((look) => look.tokenRevoked)).to.equal(true);
    expect((await store.ledger.look(id, tokenId('late'))).tokenRevoked).to.equal(false);
    const { client } = await store.clients.look(id);
    expect(client).to.include({ generation: 0, mark: undefined });
    expect((await store.feed.snapshot()).position.sequence).to.equal(done);
    expect(await bare.zcard(`{${PREFIX}}:revoked`)).to.equal(done);
    await bare.config('SET', 'maxmemory', '0');
    await store.clients.revoke(id, { by: 'x', reason: '' }, audit);
  });

  it('whose connections break leaves no call pending and does nothing twice', async () => {
    const outcomes: string[] = [];
    let breaking = true;
    const worker = async (): Promise<void> => {
      while (breaking) {
        outcomes.push(await outcome(store.clients.revokeTokens(id, audit)));
        await outcome(store.clients.look(id));
        await aTurn();
      }
    };
    const workers = Array.from({ length: 20 }, worker);
    for (let round = 0; round < 15; round += 1) {
      const done = outcomes.filter((one) => one === 'done').length;
      while (outcomes.filter((one) => one === 'done').length < done + 30) await aTurn();
      await bare.call('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    }
    breaking = false;
    await Promise.all(workers);
    expect(new Set(outcomes)).to.have.all.keys(['done', 'temporarily_unavailable']);
    await untilReady(store);
    const { position } = await store.feed.snapshot();
    const done = outcomes.filter((one) => one === 'done').length;
    expect(position.sequence).to.be.within(done, outcomes.length);
  });

  it('that has become a replica takes no changes, answers nothing and feeds nobody, until it is a master again', async () => {
    const { position } = await store.feed.snapshot();
    await bare.replicaof('127.0.0.1', 1);
    await refusal(store.clients.revokeTokens(id, audit), 'temporarily_unavailable');
    await refusal(store.feed.snapshot(), 'temporarily_unavailable');
    while ((await outcome(store.clients.look(id))) === 'done') await aTurn();
    const sink = { change: () => undefined, confirmed: () => undefined };
    const refused = store.feed.follow(position, sink, new AbortController().signal);
    await refusal(refused, 'temporarily_unavailable');
    await bare.replicaof('NO', 'ONE');
    await untilReady(store);
    while ((await outcome(store.clients.revokeTokens(id, audit))) !== 'done') await aTurn();
    expect((await store.feed.snapshot()).position.epoch).not.to.equal(position.epoch);
  });

  it('that holds something else under our keys is an outage, not an answer', async () => {
    await bare.del(`{${PREFIX}}:standing`);
    await bare.set(`{${PREFIX}}:standing`, 'not a hash');
    await refusal(store.clients.look(id), 'temporarily_unavailable');
    await refusal(store.clients.revokeTokens(id, audit), 'temporarily_unavailable');
    expect((await store.feed.snapshot()).position.sequence).to.equal(0);
  });

  for (const damage of ['', 'NaN', '-1', '1.5', 'x', '99999999999999999', '5 {}', '5 {"t":"1"}']) {
    it(`that holds a damaged generation (${JSON.stringify(damage)}) calls no token alive, and none dead`, async () => {
      await bare.hset(`{${PREFIX}}:standing`, id, damage);
      const isMarkAlone = damage.startsWith('5 ');
      if (!isMarkAlone) await refusal(store.ledger.look(id, tokenId('t')), 'temporarily_unavailable');
      await refusal(store.clients.look(id), 'temporarily_unavailable');
    });
  }

  it('takes back no generation that none could be above, and nothing beside it', async () => {
    for (const beyond of [2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      const entries = [
        { kind: 'client', clientId: id, generation: generation(7) },
        { kind: 'client', clientId: id, generation: generation(beyond) },
      ] as const;
      await refusal(store.feed.merge(entries), 'temporarily_unavailable');
    }
    expect((await store.clients.look(id)).generation).to.equal(0);
    expect((await store.feed.snapshot()).position.sequence).to.equal(0);
  });

  it('that holds a damaged record is an outage, not an answer', async () => {
    await bare.set(`{${PREFIX}}:client:${id}`, 'damaged');
    await refusal(store.clients.look(id), 'temporarily_unavailable');
  });

  it('shows callers none of its words', async () => {
    await bare.set(`{${PREFIX}}:standing`, 'not a hash');
    const { message, cause, retryAfterSeconds } = await refusal(
      store.clients.look(id),
      'temporarily_unavailable',
    );
    expect(message).not.to.match(/WRONGTYPE|Redis/);
    expect(String(cause)).to.contain('WRONGTYPE');
    expect(Object.keys(cause as Error)).to.deep.equal([]);
    expect(retryAfterSeconds).to.equal(1);
  });

  it('asks for where a client stands before its record, and for the marker last', async () => {
    const monitor = await bare.monitor();
    const seen: string[] = [];
    monitor.on('monitor', (_time: string, args: string[]) =>
      seen.push(`${args[0]} ${args[1]}`.toLowerCase()),
    );
    const before = seen.length;
    await Promise.all([store.clients.look(id), store.ledger.look(id, tokenId('t'))]);
    // What a monitor is told comes on another connection, in order; wait until a sign of ours has passed.
    await bare.exists('passed');
    while (!seen.some((line) => line.startsWith('exists passed'))) await bare.ping();
    monitor.disconnect();
    const ours = seen.slice(before).filter((line) => line.includes(`{${PREFIX}}`));
    const start = ours.indexOf(`hmget {${PREFIX}}:standing`);
    expect(ours.slice(start, start + 4)).to.deep.equal([
      `hmget {${PREFIX}}:standing`,
      `zmscore {${PREFIX}}:revoked`,
      `mget {${PREFIX}}:client:a`,
      `hmget {${PREFIX}}:marker`,
    ]);
  });

  describe('that holds half a store', () => {
    for (const [what, lost] of [
      ['no key ring', ['ring']],
      ['no marker', ['marker']],
      ['neither, but clients and revocations', ['ring', 'marker']],
    ] as const) {
      it(`is refused in words, and never founded anew: ${what}`, async () => {
        await bare.del(...lost.map((name) => `{${PREFIX}}:${name}`));
        const starting = await openRedisStore(redis, { keyPrefix: PREFIX });
        try {
          const error = await starting.keyRings.read().catch((reason: unknown) => reason);
          expect(error).to.have.property('name', 'StoreUnusable');
          expect(await starting.keyRings.found(storeMarker(), keyRing())).to.equal(false);
        } finally {
          await starting.close();
        }
      });
    }
  });
});
