import { connectRedisStore } from '../../../src/adapters/redis/connect.js';
import type { Store } from '../../../src/domain/ports.js';
import { storeContract } from '../../contract/store.js';
import { freshPrefix, sharedRedis } from '../../support/redis.js';
import { systemClock } from '../../support/system-clock.js';

storeContract('Redis', async () => {
  const { host, port } = await sharedRedis();
  const keyPrefix = freshPrefix();
  const opened: Store[] = [];
  return {
    open: async () => {
      const store = await connectRedisStore({
        target: { kind: 'standalone', host, port, username: undefined, password: undefined, tls: false },
        keyPrefix,
        waitReplicas: 0,
        clock: systemClock,
      });
      opened.push(store);
      return store;
    },
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
    },
  };
});
