import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { bareRedis } from './redis-store.js';

/** One key with all that is under it, as the bytes that Redis holds, each part on a line of its own. */
export interface DumpedKey {
  readonly name: string;
  readonly content: Buffer;
}

/** Everything on a Redis, read key by key: DUMP would compress it. */
export async function* dumpRedis(place: {
  readonly host: string;
  readonly port: number;
}): AsyncGenerator<DumpedKey> {
  const redis = bareRedis(place);
  try {
    let cursor = '0';
    do {
      const [next, names] = await redis.scanBuffer(cursor, 'COUNT', 1000);
      cursor = next.toString();
      for (const name of names)
        yield { name: name.toString(), content: flat([name, await valueUnder(redis, name)]) };
    } while (cursor !== '0');
  } finally {
    redis.disconnect();
  }
}

/** What Redis wrote to its directory, file by file; an append-only file holds every change that ever was. */
export async function persistedFiles(directory: string): Promise<readonly DumpedKey[]> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  return Promise.all(paths.map(async (path) => ({ name: path, content: await readFile(path) })));
}

async function valueUnder(redis: Redis, name: Buffer): Promise<unknown> {
  const type = await redis.type(name);
  switch (type) {
    case 'string':
      return redis.getBuffer(name);
    case 'hash':
      return redis.callBuffer('HGETALL', name);
    case 'list':
      return redis.callBuffer('LRANGE', name, '0', '-1');
    case 'set':
      return redis.callBuffer('SMEMBERS', name);
    case 'zset':
      return redis.callBuffer('ZRANGE', name, '0', '-1', 'WITHSCORES');
    case 'stream':
      return redis.callBuffer('XRANGE', name, '-', '+');
    case 'none':
      return undefined;
    default:
      throw new Error(`there is no way to read a ${type}`);
  }
}

function flat(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return Buffer.concat([value, Buffer.from('\n')]);
  if (Array.isArray(value)) return Buffer.concat(value.map(flat));
  if (typeof value === 'object' && value !== null) return flat(Object.entries(value).flat());
  return Buffer.from(`${value ?? ''}\n`);
}
