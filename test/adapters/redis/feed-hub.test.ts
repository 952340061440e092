import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../../src/adapters/system.js';
import { FeedHub } from '../../../src/domain/feed-hub.js';
import type { FeedBeat } from '../../../src/domain/feed-watcher.js';
import type { Store } from '../../../src/domain/ports.js';
import type { Revocation } from '../../../src/domain/revocation.js';
import { nameOf, rankOf } from '../../domain/feed/scripted-source.js';
import { type TestMessage, TestReader, testEncoder } from '../../domain/feed/test-reader.js';
import { eventually } from '../../support/eventually.js';
import { auditEntry, clientId, clientRecord, generation, tokenId } from '../../support/records.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { bareRedis, openFoundedStore, untilReady } from '../../support/redis-store.js';

const audit = auditEntry('Test');
const FAR = 4_000_000_000;

/** Two servers on one Redis of their own, and readers that move between them. */
class Cluster {
  readonly readers = [0, 1].map(() => new CheckedReader(this));
  readonly servers: { store: Store; hub: FeedHub<TestMessage> }[] = [];
  /** What was acknowledged, and when: a heartbeat of later must not come to a reader without it. */
  readonly acknowledged: { readonly name: string; readonly rank: number; readonly atMs: number }[] = [];
  #tokens = 0;

  constructor(readonly redis: TestRedis) {}

  async start(): Promise<void> {
    for (const index of [0, 1]) this.servers[index] = await this.#openServer();
    for (const name of ['a', 'b'])
      await this.at(0).store.clients.create(clientRecord(name), generation(0), audit);
    for (const [index, reader] of this.readers.entries()) reader.watch(this.at(index).hub);
  }

  at(index: number): { store: Store; hub: FeedHub<TestMessage> } {
    const server = this.servers[index % 2];
    if (server === undefined) throw new Error('not started');
    return server;
  }

  /** Does something to the ledger; what the store refuses may have happened or not. */
  async revoke(kind: 'client' | 'token' | 'reinstate', index: number): Promise<void> {
    const { store } = this.at(index);
    const id = clientId(index < 2 ? 'a' : 'b');
    this.#tokens += 1;
    const token = tokenId(`t${this.#tokens}`);
    try {
      if (kind === 'token') await store.ledger.revokeToken(token, FAR, undefined);
      else if (kind === 'client') await store.clients.revokeTokens(id, audit);
      else {
        await store.clients.revoke(id, { by: 'x', reason: '' }, audit);
        const revoked = (await store.clients.look(id)).client;
        if (revoked !== undefined) await store.clients.reinstate(id, revoked, audit);
      }
      const atMs = systemClock.monotonic();
      if (kind === 'token') this.acknowledged.push({ name: `token ${token}`, rank: FAR, atMs });
      else {
        const { generation: rank } = await store.clients.look(id);
        this.acknowledged.push({ name: `client ${id}`, rank, atMs: systemClock.monotonic() });
      }
    } catch (error) {
      expect(error).to.have.property('code').that.is.oneOf(['temporarily_unavailable', 'conflict']);
    }
  }

  async restartServer(index: number): Promise<void> {
    const { store, hub } = this.at(index);
    hub.close();
    await store.close();
    this.servers[index % 2] = await this.#openServer();
    for (const reader of this.readers) if (reader.end !== undefined) reader.watch(this.at(index).hub);
  }

  async ledger(): Promise<Map<string, Revocation>> {
    const { parts } = await this.at(0).store.feed.snapshot();
    const entries = new Map<string, Revocation>();
    for await (const part of parts) for (const entry of part) entries.set(nameOf(entry), entry);
    return entries;
  }

  async close(): Promise<void> {
    for (const { store, hub } of this.servers) {
      hub.close();
      await store.close();
    }
    await this.redis.stop();
  }

  async #openServer(): Promise<{ store: Store; hub: FeedHub<TestMessage> }> {
    const store = await openFoundedStore(this.redis, { keyPrefix: 'feed' });
    const hub = new FeedHub({
      source: store.feed,
      clock: systemClock,
      encoder: testEncoder(),
      windowLength: 50,
    });
    return { store, hub };
  }
}

class CheckedReader extends TestReader {
  readonly #cluster: Cluster;
  #checked = 0;

  constructor(cluster: Cluster) {
    super();
    this.#cluster = cluster;
  }

  override beat(beat: FeedBeat): boolean {
    const { acknowledged } = this.#cluster;
    for (; this.#checked < acknowledged.length; this.#checked += 1) {
      const told = acknowledged[this.#checked];
      if (told === undefined || told.atMs >= beat.confirmedMonotonicMs) break;
      const known = this.ledger.get(told.name);
      if (known === undefined || rankOf(known) < told.rank) {
        this.faults.push(
          `a heartbeat as of ${beat.confirmedMonotonicMs} without ${told.name} of ${told.atMs}`,
        );
      }
    }
    return super.beat(beat);
  }
}

const either = fc.nat(1);
const act = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('client', 'token', 'reinstate'), fc.nat(3)).map(
      ([kind, index]) =>
        (world: Cluster) =>
          world.revoke(kind, index),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(either, either).map(
      ([reader, server]) =>
        (world: Cluster) =>
          void world.readers[reader]?.watch(world.at(server).hub),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(either, fc.integer({ min: 1, max: 5 })).map(
      ([reader, room]) =>
        (world: Cluster) =>
          void world.readers[reader]?.drain(room),
    ),
  },
  {
    weight: 2,
    // What only the feed loses, and its reader has to come back to.
    arbitrary: fc.constant(async (world: Cluster) => {
      const bare = bareRedis(world.redis);
      await bare.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      bare.disconnect();
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant(async (world: Cluster) => {
      await world.redis.kill();
      await world.redis.restart();
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant(async (world: Cluster) => {
      world.redis.pause();
      await world.revoke('client', 0);
      world.redis.resume();
    }),
  },
  {
    weight: 1,
    arbitrary: either.map((index) => async (world: Cluster) => {
      await Promise.all(world.servers.map(({ store }) => untilReady(store)));
      await world.restartServer(index);
    }),
  },
);

describe('the feed hub on Redis', () => {
  it('leaves every reader with the ledger of the store, whatever happens, and never with a false heartbeat', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 15, maxLength: 25, size: 'max' }), async (acts) => {
        const world = new Cluster(await startRedis({ appendonly: 'yes', appendfsync: 'always' }));
        try {
          await world.start();
          for (const step of acts) await step(world);
          await Promise.all(world.servers.map(({ store }) => untilReady(store)));
          for (const reader of world.readers) {
            reader.drain();
            if (reader.end !== undefined) reader.watch(world.at(0).hub);
          }
          await eventually(async () => {
            const ledger = await world.ledger();
            for (const reader of world.readers) expect(reader.ledger).to.deep.equal(ledger);
          });
          for (const reader of world.readers) expect(reader.faults).to.deep.equal([]);
        } finally {
          await world.close();
        }
      }),
      { numRuns: 6, endOnFailure: true },
    );
  }).timeout(120_000);

  it('puts back into a Redis that lost its last changes what this server saw of them', async () => {
    const world = new Cluster(await startRedis());
    try {
      await world.start();
      const [reader] = world.readers;
      const bare = bareRedis(world.redis);
      await bare.save();
      bare.disconnect();
      await world.revoke('client', 0);
      await world.revoke('token', 0);
      const before = await world.ledger();
      await eventually(() => expect(reader?.ledger).to.deep.equal(before));
      const epoch = reader?.cursor.split(':')[0];

      await world.redis.kill();
      await world.redis.restart();
      await eventually(async () => {
        expect(reader?.cursor.split(':')[0]).not.to.equal(epoch);
        expect(await world.ledger()).to.deep.equal(before);
      });
      for (const one of world.readers) {
        await eventually(() => expect(one.ledger).to.deep.equal(before));
        expect(one.faults).to.deep.equal([]);
      }
    } finally {
      await world.close();
    }
  }).timeout(30_000);

  it('reads Redis on one connection, however many watch', async () => {
    const world = new Cluster(await startRedis());
    try {
      await world.start();
      const before = await connections(world.redis);
      const readers = Array.from({ length: 100 }, () => new TestReader().watch(world.at(0).hub));
      await world.revoke('token', 0);
      await eventually(() => {
        for (const reader of readers) expect(reader.ledger.size).to.equal(1);
      });
      expect(await connections(world.redis)).to.equal(before);
    } finally {
      await world.close();
    }
  });
});

async function connections(redis: TestRedis): Promise<number> {
  const bare = bareRedis(redis);
  const list = String(await bare.call('CLIENT', 'LIST', 'TYPE', 'normal'));
  bare.disconnect();
  return list.trim().split('\n').length;
}
