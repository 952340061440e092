import { Redis } from 'ioredis';
import { connectRedisStore, type RedisStoreOptions } from '../../src/adapters/redis/connect.js';
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
