import { expect } from 'chai';
import type { Store } from '../../../src/domain/ports.js';
import { auditEntry, clientId, clientRecord, generation, secretId, tokenId } from '../../support/records.js';
import { startClusterNode, startRedis, type TestRedis } from '../../support/redis.js';
import { clusterAt, openFoundedStore, untilReady } from '../../support/redis-store.js';
import { refusal } from '../../support/refusal.js';

const audit = auditEntry('Test');
const id = clientId('a');
/** The promise is 300 ms; a machine that is busy with other tests gets more, but nothing may wait for the hang. */
const SETTLED_MS = 1000;

/** Fails when an act has not settled in time; answers how it did. */
async function inTime(act: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('still pending')), SETTLED_MS);
  });
  try {
    return await Promise.race([late, act]);
  } finally {
    clearTimeout(timer);
  }
}

/** Changes first, while their connection still passes for good: a change that ran out of time is the worst to guess at. */
const everyAct = (store: Store): (() => Promise<unknown>)[] => {
  const expected = { version: 1, generation: generation(0) };
  return [
    () => store.clients.create(clientRecord('b'), generation(0), audit),
    () =>
      store.clients.replace(clientRecord('a', { version: 2 }), expected, { raiseGeneration: true }, audit),
    () => store.clients.delete(id, expected, audit),
    () => store.clients.revoke(id, { by: 'x', reason: '' }, audit),
    () => store.ledger.revokeToken(tokenId('t'), 4_000_000_000, audit),
    () => store.feed.merge([{ kind: 'token', tokenId: tokenId('m'), forgetAtSeconds: 4_000_000_000 }]),
    () => store.clients.look(id),
    () => store.clients.list({ limit: 10 }),
    () => store.ledger.look(id, tokenId('t')),
    () => store.keyRings.read(),
    () => store.feed.snapshot(),
    () => store.inspect(),
  ];
};

for (const kind of ['Redis', 'Redis Cluster node'] as const) {
  describe(`a ${kind} that hangs`, () => {
    let redis: TestRedis;
    let store: Store;

    beforeEach(async () => {
      redis = kind === 'Redis' ? await startRedis() : await startClusterNode();
      store = await openFoundedStore(redis, kind === 'Redis' ? {} : { target: clusterAt(redis) });
      await store.clients.create(clientRecord('a'), generation(0), audit);
    });
    afterEach(async () => {
      redis.resume();
      await store.close();
      await redis.stop();
    });

    it('leaves no call pending: each is refused in time, all the while', async () => {
      redis.pause();
      for (const act of everyAct(store))
        await refusal(inTime(act()) as Promise<unknown>, 'temporarily_unavailable');
      // By now the silent connections have been cut, so refusals come at once.
      for (const act of everyAct(store))
        await refusal(inTime(act()) as Promise<unknown>, 'temporarily_unavailable');
      expect(store.ready()).to.equal(false);
    });

    it('lets nothing pile up: past a thousand waiting requests the next are refused at once', async () => {
      redis.pause();
      const looks = Array.from({ length: 5000 }, () => store.clients.look(id));
      const causes = new Map<string, number>();
      for (const result of await Promise.allSettled(looks)) {
        const reason = result.status === 'rejected' ? String((result.reason as Error).cause) : 'answered';
        causes.set(reason, (causes.get(reason) ?? 0) + 1);
      }
      expect(causes.get('Error: too many requests wait for Redis')).to.equal(4000);
      expect([...causes.values()].reduce((sum, count) => sum + count)).to.equal(5000);
      expect(causes.get('answered')).to.equal(undefined);
    });

    it('is noticed while nobody asks, and so is its return', async () => {
      redis.pause();
      await untilReady(store, false);
      redis.resume();
      await untilReady(store);
      expect((await store.clients.look(id)).client?.clientId).to.equal('a');
    });

    it('once it goes on, applies a timed-out revocation or not, but never half, and a repeat is safe', async () => {
      redis.pause();
      await refusal(
        store.clients.revoke(id, { by: 'x', reason: 'in the hang' }, audit),
        'temporarily_unavailable',
      );
      redis.resume();
      await untilReady(store);
      const { client } = await store.clients.look(id);
      const { position } = await store.feed.snapshot();
      expect(position.sequence).to.equal(client?.mark === undefined ? 0 : 1);
      await store.clients.revoke(id, { by: 'x', reason: 'again' }, audit);
      const after = await store.clients.look(id);
      expect(after.client?.mark).not.to.equal(undefined);
      expect(after.generation).to.be.greaterThan(client?.generation ?? 0);
      expect((await store.feed.snapshot()).position.sequence).to.equal(position.sequence + 1);
    });

    it('once it goes on, applies no timed-out change behind a revocation that came after', async () => {
      const { client } = await store.clients.look(id);
      redis.pause();
      const late = store.clients.replace(
        clientRecord('a', { displayName: 'late', version: 2 }),
        client!,
        { raiseGeneration: false },
        audit,
      );
      await refusal(late, 'temporarily_unavailable');
      redis.resume();
      await untilReady(store);
      await store.clients.revoke(id, { by: 'x', reason: '' }, audit);
      const revoked = await store.clients.look(id);
      await refusal(
        store.clients.replace(clientRecord('a', { version: 2 }), client!, { raiseGeneration: false }, audit),
        'conflict',
      );
      expect(await store.clients.look(id)).to.deep.equal(revoked);
    });

    it('ends whoever follows the feed, and never confirms in between', async () => {
      const { position } = await store.feed.snapshot();
      let confirmedAt = 0;
      let first: () => void = () => undefined;
      const confirmed = new Promise<void>((resolve) => {
        first = resolve;
      });
      const sink = {
        change: () => undefined,
        confirmed: (at: number) => {
          confirmedAt = at;
          first();
        },
      };
      const following = store.feed.follow(position, sink, new AbortController().signal);
      following.catch(() => undefined);
      await confirmed;
      redis.pause();
      const pausedAt = performance.now();
      expect(await following.catch((error: unknown) => error)).to.have.property(
        'code',
        'temporarily_unavailable',
      );
      expect(confirmedAt).to.be.at.most(pausedAt);
    });

    it('does not keep the server from closing', async () => {
      store.clients.touchSecret(id, secretId('s1'), Date.now());
      redis.pause();
      await inTime(store.close());
      await refusal(store.clients.look(id), 'temporarily_unavailable');
    });
  });
}
