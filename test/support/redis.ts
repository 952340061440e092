import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';
import { redisBinary } from './redis-binary.js';

/** A throwaway Redis of the test's own, on a free port of 127.0.0.1 and in a fresh directory. */
export interface TestRedis {
  readonly host: string;
  readonly port: number;
  /** `redis://host:port`, as `COUNTERSIGN_STORE` takes it. */
  readonly url: string;
  readonly directory: string;
  /** Of the running process; changes with {@link restart}. */
  pid(): number;
  /** SIGSTOP: connections stay open and nothing is answered any more. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGKILL, and waits for the end. The directory stays, so that {@link restart} finds what Redis left there. */
  kill(): Promise<void>;
  /** Starts it again on the same port and directory, after {@link kill}. */
  restart(): Promise<void>;
  /** Ends it for good and removes its directory. */
  stop(): Promise<void>;
}

/** Settings as in redis.conf; these replace the defaults (no persistence at all). */
export type RedisSettings = Readonly<Record<string, string>>;

const DEFAULTS: RedisSettings = { save: '', appendonly: 'no', 'enable-debug-command': 'yes' };
const START_ATTEMPTS = 5;
const READY_DEADLINE_MS = 8000;

/** Starts a Redis that answers when this returns. Every one is ended with the test process at the latest. */
export async function startRedis(settings: RedisSettings = {}): Promise<TestRedis> {
  const binary = await redisBinary();
  const directory = await mkdtemp(join(tmpdir(), 'countersign-redis-'));
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const all = { ...DEFAULTS, ...settings, ...placeSettings(port, directory) };
    const place = { binary, directory, port, args: argsOf(all) };
    try {
      return running(await launch(place), place);
    } catch (error) {
      if (attempt === START_ATTEMPTS) {
        await rm(directory, { recursive: true, force: true });
        throw error;
      }
    }
  }
}

/**
 * Starts a Redis in cluster mode that holds every slot itself. It refuses keys of two slots in one command just as a
 * cluster of many does.
 */
export async function startClusterNode(): Promise<TestRedis> {
  const node = await startRedis({
    'cluster-enabled': 'yes',
    'cluster-port': String(await freePort()),
    'cluster-announce-ip': '127.0.0.1',
  });
  const bare = new Redis({ host: node.host, port: node.port });
  await bare.call('cluster', 'addslotsrange', 0, 16_383);
  while (!String(await bare.call('cluster', 'info')).includes('cluster_state:ok'));
  bare.disconnect();
  return node;
}

/** Starts a Sentinel that watches a Redis, and by itself may declare it down and have a replica take over. */
export async function startSentinel(
  master: Pick<TestRedis, 'port'>,
  name: string,
  settings: RedisSettings = {},
): Promise<TestRedis> {
  const binary = await redisBinary();
  const directory = await mkdtemp(join(tmpdir(), 'countersign-sentinel-'));
  const port = await freePort();
  // A Sentinel keeps what it learns in its configuration, so it insists on a file.
  const file = join(directory, 'sentinel.conf');
  await writeFile(file, `sentinel monitor ${name} 127.0.0.1 ${master.port} 1\n`);
  const args = [file, '--sentinel', ...argsOf({ ...settings, ...placeSettings(port, directory) })];
  const place = { binary, directory, port, args };
  return running(await launch(place), place);
}

/** A key prefix that nobody has used: what keeps tests apart on a shared Redis. */
export const freshPrefix = (): string => `t-${randomBytes(8).toString('hex')}`;

/** Where the shared Redis of the suite is: started when first asked for, ended in the root `afterAll` hook. */
export function sharedRedis(): Promise<Pick<TestRedis, 'host' | 'port' | 'url'>> {
  shared ??= process.env.COUNTERSIGN_TEST_REDIS ? Promise.resolve(elsewhere()) : startRedis();
  return shared;
}

let shared: Promise<Pick<TestRedis, 'host' | 'port' | 'url'> & { stop?: () => Promise<void> }> | undefined;

/** Where the shared Redis is, if it was ever started. */
export const sharedRedisIfStarted = async (): Promise<Pick<TestRedis, 'host' | 'port'> | undefined> =>
  shared?.catch(() => undefined);

/** Ends the shared Redis, if it was ever started. */
export async function stopSharedRedis(): Promise<void> {
  const started = await shared?.catch(() => undefined);
  shared = undefined;
  await started?.stop?.();
}

function elsewhere(): Pick<TestRedis, 'host' | 'port' | 'url'> {
  const url = new URL(process.env.COUNTERSIGN_TEST_REDIS ?? '');
  return { host: url.hostname, port: Number(url.port || 6379), url: url.href };
}

const placeSettings = (port: number, directory: string): RedisSettings => ({
  bind: '127.0.0.1',
  port: String(port),
  dir: directory,
});

const argsOf = (settings: RedisSettings): readonly string[] =>
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);

interface Place {
  readonly binary: string;
  readonly directory: string;
  readonly port: number;
  readonly args: readonly string[];
}

function running(first: ChildProcess, place: Place): TestRedis {
  let child = first;
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await ended;
  };
  return {
    host: '127.0.0.1',
    port: place.port,
    url: `redis://127.0.0.1:${place.port}`,
    directory: place.directory,
    pid: () => child.pid ?? 0,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill,
    restart: async () => {
      child = await launch(place);
    },
    stop: async () => {
      await kill();
      await rm(place.directory, { recursive: true, force: true });
    },
  };
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Runs the server and returns once it says that it accepts connections; fails with the last thing that it said. */
function launch({ binary, args }: Place): Promise<ChildProcess> {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  alive.add(child);
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`${binary} did not start: ${why} ${said.trim().split('\n').at(-1) ?? ''}`));
    };
    const deadline = setTimeout(fail, READY_DEADLINE_MS, 'no sign of life in time.');
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-4096);
      if (!/Ready to accept connections|\+monitor master/.test(said)) return;
      clearTimeout(deadline);
      child.stdout?.off('data', listen).resume();
      resolve(child);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4096);
    });
    child.once('error', (error) => fail(error.message));
    child.once('exit', () => {
      alive.delete(child);
      clearTimeout(deadline);
      fail('it ended.');
    });
  });
}
