import type { Store } from '../../../src/domain/ports.js';
import { storeContract } from '../../contract/store.js';
import { freePort } from '../../support/free-port.js';
import { freshPrefix, sharedRedis, startRedis, type TestRedis } from '../../support/redis.js';
import { bareRedis, openRedisStore } from '../../support/redis-store.js';

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

  // One node that holds every slot refuses keys of two slots in one command just as many nodes do.
  before(async () => {
    node = await startRedis({
      'cluster-enabled': 'yes',
      'cluster-port': String(await freePort()),
      'cluster-announce-ip': '127.0.0.1',
    });
    const bare = bareRedis(node);
    await bare.call('cluster', 'addslotsrange', 0, 16_383);
    while (!String(await bare.call('cluster', 'info')).includes('cluster_state:ok'));
    bare.disconnect();
  });
  after(() => node.stop());

  storeContract('Redis Cluster', async () => {
    const keyPrefix = freshPrefix();
    const target = {
      kind: 'cluster',
      nodes: [{ host: node.host, port: node.port }],
      username: undefined,
      password: undefined,
      tls: false,
    } as const;
    return opener(() => openRedisStore(node, { keyPrefix, target }));
  });
});
