import { Redis } from 'ioredis';
import { connectRedisStore, type RedisStoreOptions } from '../../src/adapters/redis/connect.js';
import type { RedisTarget } from '../../src/adapters/redis/store-url.js';
import type { Store } from '../../src/domain/ports.js';
import { keyRing, storeMarker } from './records.js';
import { freshPrefix } from './redis.js';
import { systemClock } from './system-clock.js';

/** Opens the store at an address without credentials, under a prefix of its own unless told. */
export const openRedisStore = (
  { host, port }: { readonly host: string; readonly port: number },
  changes: Partial<RedisStoreOptions> = {},
): Promise<Store> =>
  connectRedisStore({
    target: { kind: 'standalone', host, port, username: undefined, password: undefined, tls: false },
    keyPrefix: freshPrefix(),
    waitReplicas: 0,
    clock: systemClock,
    ...changes,
  });

/** The address of a cluster by one of its nodes. */
export const clusterAt = ({ host, port }: { readonly host: string; readonly port: number }): RedisTarget => ({
  kind: 'cluster',
  nodes: [{ host, port }],
  username: undefined,
  password: undefined,
  tls: false,
});

/** The same, founded and bound: ready for what a server does with it. */
export async function openFoundedStore(
  place: { readonly host: string; readonly port: number },
  changes: Partial<RedisStoreOptions> = {},
): Promise<Store> {
  const store = await openRedisStore(place, changes);
  try {
    await untilReady(store);
    await store.keyRings.found(storeMarker(), keyRing());
    store.keyRings.bind('store-1');
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A plain connection for looking behind the store's back; end it with `disconnect()`. */
export const bareRedis = ({ host, port }: { readonly host: string; readonly port: number }): Redis =>
  new Redis({ host, port, maxRetriesPerRequest: 0, retryStrategy: () => 50 }).on('error', () => undefined);

/** Settles when the store becomes ready, or is so already. */
export const untilReady = (store: Store, ready = true): Promise<void> =>
  new Promise((resolve) => {
    if (store.ready() === ready) resolve();
    store.onReadyChange((now) => {
      if (now === ready) resolve();
    });
  });

/** Settles when a replica has everything that the master had when this was called. */
export async function untilReplicated(master: {
  readonly host: string;
  readonly port: number;
}): Promise<void> {
  const bare = bareRedis(master);
  try {
    do await bare.set('replicated', 1);
    while ((await bare.wait(1, 100)) < 1);
  } finally {
    bare.disconnect();
  }
}
