import type { Redis } from 'ioredis';
import { keysUnder } from '../../src/adapters/redis/keys.js';
import type { ClientId } from '../../src/domain/ids.js';

const KEYS = keysUnder('countersign');
const BATCH = 1000;

/** The id of the nth client that is put there. */
export const nthClient = (n: number): ClientId => `bench-${n.toString().padStart(7, '0')}` as ClientId;

/** The id of the nth revoked token that is put there, as long as real ones. */
export const nthToken = (n: number): string => `revoked-${n.toString().padStart(14, '0')}`;

async function inBatches(
  from: number,
  to: number,
  put: (ns: readonly number[]) => Promise<unknown>,
): Promise<void> {
  for (let start = from; start < to; start += BATCH) {
    await put(Array.from({ length: Math.min(BATCH, to - start) }, (_, i) => start + i));
  }
}

/** Puts clients beside a real one, each with its record and so with its secret, in the adapter's own text. */
export async function putClients(redis: Redis, like: ClientId, from: number, to: number): Promise<void> {
  const record = await redis.get(KEYS.client(like));
  if (record === null) throw new Error(`there is no client ${like}`);
  await inBatches(from, to, (ns) =>
    redis
      .pipeline()
      .mset(ns.flatMap((n) => [KEYS.client(nthClient(n)), record]))
      .zadd(KEYS.clients, ...ns.flatMap((n) => [0, nthClient(n)]))
      .exec(),
  );
}

/** Puts revoked tokens into the ledger, without telling the feed. */
export async function putRevokedTokens(redis: Redis, count: number, forgetAtSeconds: number): Promise<void> {
  await inBatches(0, count, (ns) =>
    redis.zadd(KEYS.revoked, ...ns.flatMap((n) => [forgetAtSeconds + (n % 3600), nthToken(n)])),
  );
}

/** Puts as many changes into the feed, with the dense ids that come next. */
export async function putFeedEntries(redis: Redis, count: number, forgetAtSeconds: number): Promise<void> {
  const [, lastId] = ((await redis.call('XINFO', 'STREAM', KEYS.feed)) as unknown[])
    .map(String)
    .flatMap((field, index, all) => (field === 'last-generated-id' ? [field, all[index + 1]] : []));
  const last = Number.parseInt(lastId ?? '', 10);
  await inBatches(0, count, (ns) => {
    const pipeline = redis.pipeline();
    for (const n of ns) {
      pipeline.xadd(
        KEYS.feed,
        `${last + 1 + n}-0`,
        't',
        nthToken(n),
        'f',
        String(forgetAtSeconds + (n % 3600)),
      );
    }
    return pipeline.exec();
  });
}

/** What Redis's data takes, in bytes. */
export async function usedBytes(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}
