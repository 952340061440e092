import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { Store } from '../../../src/domain/ports.js';
import { auditEntry, clientId, clientRecord, generation, secretId, tokenId } from '../../support/records.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { bareRedis, openFoundedStore } from '../../support/redis-store.js';

const audit = auditEntry('Test');
const id = clientId('a');
const FAR = 4_000_000_000;

describe('a repeat that finds nothing left to change', () => {
  let redis: TestRedis;
  let bare: Redis;
  let store: Store;

  beforeEach(async () => {
    redis = await startRedis();
    bare = bareRedis(redis);
    store = await openFoundedStore(redis);
    await store.clients.create(clientRecord('a'), generation(0), audit);
  });
  afterEach(async () => {
    bare.disconnect();
    await store.close();
    await redis.stop();
  });

  /** Redis counts what it would have to tell a replica; of WAIT it knows only what was counted. */
  const writes = async (): Promise<number> =>
    Number(/rdb_changes_since_last_save:(\d+)/.exec(await bare.info('persistence'))?.[1]);

  for (const [what, act] of [
    [
      'of a reinstatement',
      async () => {
        const { client } = await store.clients.look(id);
        if (client !== undefined) await store.clients.reinstate(id, client, audit);
      },
    ],
    ['of the revocation of a secret', () => store.clients.revokeSecret(id, secretId('gone'), audit)],
    ['of the revocation of a token', () => store.ledger.revokeToken(tokenId('t'), FAR, undefined)],
    ['of a merge', () => store.feed.merge([{ kind: 'token', tokenId: tokenId('t'), forgetAtSeconds: FAR }])],
  ] as const) {
    it(`${what} writes all the same, so that there is something to wait for`, async () => {
      await act();
      const before = await writes();
      await act();
      expect(await writes()).to.be.greaterThan(before);
    });
  }
});
