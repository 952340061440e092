import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { FeedBroken, type FeedPosition, type Store } from '../../../src/domain/ports.js';
import { eventually } from '../../support/eventually.js';
import { auditEntry, clientId, clientRecord, generation, tokenId } from '../../support/records.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { bareRedis, openFoundedStore, untilReady } from '../../support/redis-store.js';
import { refusal } from '../../support/refusal.js';
import { systemClock } from '../../support/system-clock.js';

const audit = auditEntry('Test');
const id = clientId('a');
const FEED = '{feed}:feed';
const FAR = Math.floor(Date.now() / 1000) + 3600;

describe('a feed that cannot be continued', () => {
  let redis: TestRedis;
  let bare: Redis;
  let store: Store;
  let stop: AbortController;

  beforeEach(async () => {
    redis = await startRedis({ appendonly: 'yes' });
    bare = bareRedis(redis);
    store = await openFoundedStore(redis, { keyPrefix: 'feed', feedLength: 100 });
    await store.clients.create(clientRecord('a'), generation(0), audit);
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    bare.disconnect();
    await store.close();
    await redis.stop();
  });

  const revokeTimes = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => store.clients.revokeTokens(id, audit)));

  const position = async (): Promise<FeedPosition> => (await store.feed.snapshot()).position;

  function follow(from: FeedPosition): { confirmed: Promise<void>; ended: Promise<unknown> } {
    let confirm: () => void = () => undefined;
    const confirmed = new Promise<void>((resolve) => {
      confirm = resolve;
    });
    const sink = { change: () => undefined, confirmed: () => confirm() };
    const ended = store.feed.follow(from, sink, stop.signal).catch((error: unknown) => error);
    return { confirmed, ended };
  }

  it('says so when the position has been trimmed away, where Redis would silently skip', async () => {
    const start = await position();
    await revokeTimes(500);
    expect(await bare.xlen(FEED)).to.be.below(300);
    expect(await follow(start).ended).to.be.instanceOf(FeedBroken);
    await follow(await position()).confirmed;
  });

  it('goes on from its end even when everything has been trimmed away', async () => {
    await revokeTimes(3);
    await bare.xtrim(FEED, 'MAXLEN', 0);
    const end = await position();
    expect(end.sequence).to.equal(3);
    await follow(end).confirmed;
    expect(await follow({ ...end, sequence: 2 }).ended).to.be.instanceOf(FeedBroken);
    await revokeTimes(1);
    expect((await position()).sequence).to.equal(4);
  });

  it('says so when a change is missing', async () => {
    const start = await position();
    await revokeTimes(3);
    await bare.xdel(FEED, '2-0');
    expect(await follow(start).ended).to.be.instanceOf(FeedBroken);
  });

  for (const [field, value] of [
    ['g', 'NaN'],
    ['g', '-1'],
    ['g', ''],
    ['f', '1e999'],
  ] as const) {
    it(`says so at a damaged entry (${field} ${JSON.stringify(value)}), which nothing could be compared with`, async () => {
      const start = await position();
      await bare.xadd(FEED, '1-0', field === 'g' ? 'c' : 't', 'a', field, value);
      expect(await follow(start).ended).to.be.instanceOf(FeedBroken);
    });
  }

  it('says so when Redis has restarted, though all its data is back', async () => {
    await revokeTimes(3);
    const before = await position();
    const { confirmed, ended } = follow(before);
    await confirmed;
    await redis.kill();
    expect(await ended).to.have.property('code', 'temporarily_unavailable');
    await redis.restart();
    const after = await eventually(position);
    expect(after.sequence).to.equal(3);
    expect(after.epoch).not.to.equal(before.epoch);
    expect(await follow(before).ended).to.be.instanceOf(FeedBroken);
    await follow(after).confirmed;
    await untilReady(store);
  });

  it('confirms as of the question, so that an answer which was long on its way is as old as it is', async () => {
    const from = await position();
    // Redis holds back the answer to a reader for as long as there is no change.
    const ages = await new Promise<readonly number[]>((resolve) => {
      const seen: number[] = [];
      const sink = {
        change: () => undefined,
        confirmed: (monotonicMs: number) => {
          seen.push(systemClock.monotonic() - monotonicMs);
          if (seen.length === 3) resolve(seen);
        },
      };
      store.feed.follow(from, sink, stop.signal).catch(() => undefined);
    });
    for (const age of ages) expect(age).to.be.greaterThan(100);
  });

  it('ends whoever follows when Redis becomes another one under the connection', async () => {
    const { confirmed, ended } = follow(await position());
    await confirmed;
    await bare.call('debug', 'change-repl-id');
    expect(await ended).to.be.instanceOf(FeedBroken);
  });

  it('lets no token pass for alive after a failover before what that may have lost was put back', async () => {
    const token = tokenId('t');
    const { confirmed, ended } = follow(await position());
    await confirmed;
    await store.ledger.revokeToken(token, FAR, audit);
    // As a replica that takes over without having heard of it.
    await bare.zrem('{feed}:revoked', token);
    await bare.call('debug', 'change-repl-id');
    await bare.call('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    await ended;
    await eventually(position);
    await refusal(store.ledger.look(id, token), 'temporarily_unavailable');
    await refusal(store.clients.look(id), 'temporarily_unavailable');
    expect(store.ready()).to.equal(false);

    await store.feed.merge([{ kind: 'token', tokenId: token, forgetAtSeconds: FAR }]);
    await follow(await position()).confirmed;
    expect((await store.ledger.look(id, token)).tokenRevoked).to.equal(true);
    expect((await store.clients.look(id)).client?.clientId).to.equal(id);
    expect(store.ready()).to.equal(true);
  });

  it('keeps nobody waiting for a reader that has left', async () => {
    const { confirmed } = follow(await position());
    await confirmed;
    stop.abort();
    await redis.kill();
    await redis.restart();
    await untilReady(store);
    expect((await store.clients.look(id)).client?.clientId).to.equal(id);
  });
});
