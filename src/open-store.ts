import { createMemoryStore } from './adapters/memory/memory-store.js';
import { connectRedisStore } from './adapters/redis/connect.js';
import type { Config } from './config/load-config.js';
import { type Store, StoreUnusable } from './domain/ports.js';
import type { TimedClock } from './domain/timers.js';
import type { Logger } from './log.js';

/** Opens the configured store. Rejects, in words without its password, when it cannot be reached. */
export async function openStore(config: Config, clock: TimedClock, log: Logger): Promise<Store> {
  if (config.store.kind === 'memory') return createMemoryStore({ clock });
  return connectRedisStore({
    target: config.store,
    ca: config.redisCa,
    keyPrefix: config.keyPrefix,
    waitReplicas: config.waitReplicas,
    clock,
    onEvent: (event) => {
      if (event.kind === 'lost') log.warn({ connection: event.connection, err: event.reason }, 'lost Redis');
      else log.info({ connection: event.connection }, 'connected to Redis');
    },
  });
}

/** A store that may drop a revocation is no place for one. Fails with {@link StoreUnusable}. */
export async function refuseUnsafeStore(store: Store, log: Logger): Promise<void> {
  const findings = await store.inspect();
  const refusals = findings.filter(({ severity }) => severity === 'refuse').map(({ message }) => message);
  if (refusals.length > 0) throw new StoreUnusable(`The store cannot be used: ${refusals.join(' ')}`);
  for (const { message } of findings) {
    log.warn({ finding: message }, 'the store is not as safe as it could be');
  }
}
