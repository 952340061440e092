import { expect } from 'chai';
import { keysUnder } from '../../../src/adapters/redis/keys.js';
import { auditEntry, tokenId } from '../../support/records.js';
import { freshPrefix, sharedRedis } from '../../support/redis.js';
import { bareRedis, openFoundedStore } from '../../support/redis-store.js';
import { systemClock } from '../../support/system-clock.js';

const HOUR_MS = 3_600_000;

describe('a revoked token is forgotten', () => {
  /** Revokes one that may be forgotten so many ms from now, by Redis's clock, then another; answers whether it still is. */
  const isKept = async (forgetInMs: number, serverAheadMs: number): Promise<boolean> => {
    const redis = await sharedRedis();
    const keyPrefix = freshPrefix();
    const bare = bareRedis(redis);
    const clock = { ...systemClock, now: () => systemClock.now() + serverAheadMs };
    const store = await openFoundedStore(redis, { keyPrefix, clock });
    try {
      const audit = auditEntry('Test');
      await store.ledger.revokeToken(tokenId('first'), (systemClock.now() + forgetInMs) / 1000, audit);
      await store.ledger.revokeToken(tokenId('other'), 4_000_000_000, audit);
      return (await bare.zscore(keysUnder(keyPrefix).revoked, tokenId('first'))) !== null;
    } finally {
      bare.disconnect();
      await store.close();
    }
  };

  it('once its time is over by the clock of Redis and by that of the server', async () => {
    expect(await isKept(-HOUR_MS / 2, 0)).to.equal(false);
  });

  it('not while it is over by the clock of Redis alone, which may be ahead since a failover', async () => {
    expect(await isKept(-HOUR_MS / 2, -HOUR_MS)).to.equal(true);
  });

  it('not while it is over by the clock of the server alone', async () => {
    expect(await isKept(HOUR_MS / 2, HOUR_MS)).to.equal(true);
  });
});
