import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import type { ServerProcess } from '../support/server-process.js';

/** What a server holds while nobody calls, after its garbage was collected. Sizes in MB. */
export interface Standing {
  readonly residentMb: number;
  readonly heapMb: number;
  /** Buffers and the like, outside of the heap. */
  readonly externalMb: number;
  readonly timers: number;
  readonly descriptors: number;
  /** Feed streams that it believes to be read. */
  readonly watchers: number;
}

const PROBE = new URL('probe.mjs', import.meta.url).href;

const probeFile = (index: number): string => join(tmpdir(), `countersign-soak-${process.pid}-${index}.json`);

/** What a server needs in its environment to be asked. */
export const probeSettings = (index: number): Record<string, string> => ({
  NODE_OPTIONS: `--import=${PROBE}`,
  COUNTERSIGN_SOAK_PROBE: probeFile(index),
});

/** Asks a server that was started with {@link probeSettings} what it holds. */
export async function standingOf({ pid, ports, signal }: ServerProcess, index: number): Promise<Standing> {
  const file = probeFile(index);
  signal('SIGUSR2');
  const seen = await eventually(() => JSON.parse(readFileSync(file, 'utf8')) as Probed);
  rmSync(file);
  const metrics = await (await fetch(`http://127.0.0.1:${ports.ops}/metrics`)).text();
  return {
    residentMb: seen.rss / 1e6,
    heapMb: seen.heapUsed / 1e6,
    externalMb: seen.external / 1e6,
    timers: seen.timers,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    watchers: Number(/^countersign_feed_watchers(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? Number.NaN),
  };
}

/** As `probe.mjs` writes it. */
interface Probed {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly timers: number;
}

/** How many connections servers hold to a Redis. */
export const serverConnections = async (redis: Redis): Promise<number> =>
  String(await redis.client('LIST')).match(/name=countersign-/g)?.length ?? 0;
