import { Redis } from 'ioredis';
import type { RedisTarget } from './store-url.js';

const ASK_EVERY_MS = 250;
const TIMEOUT_MS = 500;

/**
 * Asks every Sentinel again and again who the master is, and calls back when one of them has changed its mind.
 *
 * The old master may not know for seconds, and would go on taking changes that are lost when it learns; so it has to be
 * left when the Sentinels say so, not when it does. Asked rather than subscribed to, because a message that comes while
 * the subscription is down is gone (and ioredis's own `failoverDetector` writes to the console besides, whenever a
 * Sentinel is down).
 *
 * @returns once each has answered for the first time or failed to, so that whoever connects after that misses nothing
 */
export async function watchSentinels(
  { target, ca }: { readonly target: RedisTarget; readonly ca: string | undefined },
  onFailover: () => void,
): Promise<{ close(): void }> {
  if (target.kind !== 'sentinel') return { close: () => undefined };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const { username, password } = target.sentinelCredentials ?? {};
  const sentinels = target.sentinels.map(({ host, port }) => {
    const client = new Redis({
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(target.tls ? { tls: ca === undefined ? {} : { ca } } : {}),
      protocol: 2,
      disableClientInfo: true,
      connectionName: 'countersign-sentinel',
      connectTimeout: TIMEOUT_MS,
      commandTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(100 * attempt, 1000),
    });
    client.on('error', () => undefined);
    return { client, master: undefined as string | undefined };
  });

  const ask = async (): Promise<void> => {
    await Promise.allSettled(
      sentinels.map(async (sentinel) => {
        const address = await sentinel.client.call('sentinel', 'get-master-addr-by-name', target.masterName);
        const before = sentinel.master;
        sentinel.master = String(address);
        if (before !== undefined && before !== sentinel.master && !closed) onFailover();
      }),
    );
    if (!closed) timer = setTimeout(() => void ask(), ASK_EVERY_MS);
  };
  await ask();

  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      for (const { client } of sentinels) {
        client.disconnect();
        client.stream?.destroy();
      }
    },
  };
}
