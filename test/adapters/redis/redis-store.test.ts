import type { Store } from '../../../src/domain/ports.js';
import { storeContract } from '../../contract/store.js';
import { freshPrefix, sharedRedis, startClusterNode, type TestRedis } from '../../support/redis.js';
import { clusterAt, openRedisStore } from '../../support/redis-store.js';

/** Stores that were opened, to be closed together. */
function opener(open: () => Promise<Store>) {
  const opened: Store[] = [];
  return {
    open: async () => {
      const store = await open();
      opened.push(store);
      return store;
    },
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
    },
  };
}

storeContract('Redis', async () => {
  const redis = await sharedRedis();
  const keyPrefix = freshPrefix();
  return opener(() => openRedisStore(redis, { keyPrefix }));
});

describe('on Redis Cluster', () => {
  let node: TestRedis;

  before(async () => {
    node = await startClusterNode();
  });
  after(() => node.stop());

  storeContract('Redis Cluster', async () => {
    const keyPrefix = freshPrefix();
    return opener(() => openRedisStore(node, { keyPrefix, target: clusterAt(node) }));
  });
});
