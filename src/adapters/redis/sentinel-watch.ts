import { Redis } from 'ioredis';
import type { RedisTarget } from './store-url.js';

const SWITCHED = '+switch-master';
const KEEP_ALIVE_MS = 5000;

/**
 * Listens to every Sentinel, and calls back when one tells that another master has taken over.
 *
 * The old master may not know for seconds, and would go on taking changes that are lost when it learns; so it has to be
 * left when the Sentinels say so, not when it does. ioredis has the same (`failoverDetector`), but writes to the console
 * whenever a Sentinel is down.
 */
export function watchSentinels(
  { target, ca }: { readonly target: RedisTarget; readonly ca: string | undefined },
  onFailover: () => void,
): { close(): void } {
  if (target.kind !== 'sentinel') return { close: () => undefined };
  const watchers = target.sentinels.map(({ host, port }) => {
    const watcher = new Redis({
      host,
      port,
      ...(target.tls ? { tls: ca === undefined ? {} : { ca } } : {}),
      protocol: 2,
      disableClientInfo: true,
      connectionName: 'countersign-sentinel',
      keepAlive: KEEP_ALIVE_MS,
      // The subscription waits for as long as its Sentinel is down; there are others.
      maxRetriesPerRequest: null,
      retryStrategy: (attempt) => Math.min(100 * attempt, 1000),
    });
    watcher.on('error', () => undefined);
    watcher.on('message', (_channel: string, message: string) => {
      if (message.startsWith(`${target.masterName} `)) onFailover();
    });
    watcher.subscribe(SWITCHED).catch(() => undefined);
    return watcher;
  });
  return {
    close: () => {
      for (const watcher of watchers) {
        watcher.disconnect();
        watcher.stream?.destroy();
      }
    },
  };
}
