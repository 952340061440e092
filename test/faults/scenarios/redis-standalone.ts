import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../../support/redis.js';
import type { Arena } from '../arena.js';
import { endings, type Ground, judged, quantile, recoveryMs, sentWithin, sleep } from '../judged.js';
import {
  atLeast,
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';

const DURABLE = { appendonly: 'yes', appendfsync: 'always' };

/** Harm done to one Redis under load; judged over all of it. */
async function underLoad(
  run: ScenarioRun,
  redisSettings: Record<string, string>,
  harm: (redis: TestRedis, ground: Ground, raw: Redis) => Promise<readonly Figure[]>,
  options: { readonly recovers?: boolean } = {},
): Promise<ScenarioResult> {
  const redis = await startRedis(redisSettings);
  const raw = new Redis({ host: redis.host, port: redis.port, retryStrategy: () => 50 });
  raw.on('error', () => undefined);
  try {
    return await judged(run, { storeFor: () => redis.url, ...options }, (ground) => harm(redis, ground, raw));
  } finally {
    raw.disconnect();
    await redis.stop();
  }
}

/** Does something to Redis for a while, and waits until every server is ready again; answers how calls ended meanwhile. */
async function during(
  arena: Arena,
  what: string,
  act: () => Promise<void>,
): Promise<{ ended: string; lastMs: number }> {
  const over = arena.recorder.harm(what);
  const fromMs = performance.now();
  await act();
  const backMs = performance.now();
  await arena.allReady();
  over();
  await sleep(300);
  const ended = endings(
    sentWithin(arena.recorder.history(), fromMs, backMs).filter(({ kind }) => kind !== 'verify'),
  );
  return { ended, lastMs: await recoveryMs(arena, backMs) };
}

const FAILED = /unknown|UNAVAILABLE|slow_down/;
const failures = (arena: Arena, fromMs: number): number =>
  sentWithin(arena.recorder.history(), fromMs, Number.POSITIVE_INFINITY).filter(
    ({ kind, outcome }) => kind !== 'verify' && FAILED.test(endings([{ kind, outcome } as never])),
  ).length;

export const redisStandalone: readonly Scenario[] = [
  {
    name: 'redis-killed',
    covers: [9, 33],
    what: 'Redis killed (SIGKILL) under load and started again, over and over; AOF, fsync always',
    inQuickSet: true,
    run: (run) =>
      underLoad(run, DURABLE, async (redis, { arena, crew }) => {
        const recoveries: number[] = [];
        const cycles = run.quick ? 2 : 8;
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          const { lastMs } = await during(arena, 'redis killed', async () => {
            await redis.kill();
            await sleep(200 + arena.random.below(500));
            await redis.restart();
          });
          recoveries.push(lastMs);
          await sleep(700);
        }
        return [
          told('times', cycles),
          told('verifiers stopped being fresh', `${crew.stalls()} times`),
          atMost('first success after Redis accepts connections', Math.max(...recoveries), 5000, ' ms'),
        ];
      }),
  },
  {
    name: 'redis-hung',
    covers: [12],
    what: 'Redis stopped (SIGSTOP) under load, then continued: what timed out may run late and must undo nothing',
    inQuickSet: true,
    run: (run) =>
      underLoad(run, {}, async (redis, { arena }) => {
        const recoveries: number[] = [];
        const took: number[] = [];
        for (let cycle = 0; cycle < (run.quick ? 1 : 4); cycle += 1) {
          const fromMs = performance.now();
          const { lastMs } = await during(arena, 'redis hung', async () => {
            redis.pause();
            await sleep(run.quick ? 2000 : 5000);
            redis.resume();
          });
          recoveries.push(lastMs);
          took.push(
            ...sentWithin(arena.recorder.history(), fromMs + 600, performance.now())
              .filter(({ kind, outcome }) => kind !== 'verify' && outcome.kind === 'unknown')
              .map(({ sentMs, answeredMs }) => answeredMs - sentMs),
          );
        }
        return [
          told(
            'a refusal while it hangs takes',
            `p50 ${quantile(took, 0.5)} ms, p99 ${quantile(took, 0.99)} ms`,
          ),
          atMost('first success after Redis goes on', Math.max(...recoveries), 5000, ' ms'),
        ];
      }),
  },
  {
    name: 'redis-emptied',
    covers: [11],
    what: 'Redis killed and back without its data: nothing is called active or dead on the word of an empty store',
    inQuickSet: true,
    run: (run) =>
      underLoad(
        run,
        {},
        async (redis, { arena }) => {
          await redis.kill();
          const fromMs = performance.now();
          await redis.restart();
          await sleep(run.quick ? 3000 : 8000);
          const after = sentWithin(arena.recorder.history(), fromMs, performance.now());
          const otherwise = after.filter(
            ({ kind, outcome }) => kind !== 'verify' && outcome.kind !== 'unknown',
          );
          const late = after.filter(({ sentMs }) => sentMs > fromMs + 2000);
          const accepted = late.filter(
            ({ kind, outcome }) => kind === 'verify' && outcome.kind === 'ok' && outcome.verdict === 'active',
          );
          const ready = await Promise.all(
            arena.servers.map(
              async ({ ports }) => (await fetch(`http://127.0.0.1:${ports.ops}/readyz`)).status,
            ),
          );
          return [
            atLeast('calls to the servers since', after.filter(({ kind }) => kind !== 'verify').length, 100),
            atMost('of them answered other than UNAVAILABLE', otherwise.length, 0),
            atMost('accepted by verifiers 2 s after', accepted.length, 0),
            atMost('servers that call themselves ready', ready.filter((status) => status === 200).length, 0),
          ];
        },
        { recovers: false },
      ),
  },
  {
    name: 'redis-full',
    covers: [16],
    what: 'Redis at its memory limit (noeviction) under load, then given room again',
    inQuickSet: true,
    run: (run) =>
      underLoad(run, {}, async (_redis, { arena, crew }, raw) => {
        const used = Number(/used_memory:(\d+)/.exec(await raw.info('memory'))?.[1]);
        const stallsBefore = crew.stalls();
        const fromMs = performance.now();
        const { ended, lastMs } = await during(arena, 'redis full', async () => {
          await raw.config('SET', 'maxmemory', String(Math.floor(used * 0.9)));
          await sleep(run.quick ? 2000 : 6000);
          await raw.config('SET', 'maxmemory', '0');
        });
        const full = sentWithin(arena.recorder.history(), fromMs + 300, performance.now() - 1000);
        const answered = full.filter(({ kind, outcome }) => kind === 'introspect' && outcome.kind === 'ok');
        const refused = full.filter(
          ({ kind, outcome }) => kind.startsWith('revoke') && outcome.kind === 'unknown',
        );
        return [
          told('while full', ended),
          atLeast('introspections answered while full', answered.length, 50),
          atLeast('revocations refused while full', refused.length, 5),
          told('verifiers stopped being fresh', `${crew.stalls() - stallsBefore} times`),
          atMost('first success after', lastMs, 5000, ' ms'),
        ];
      }),
  },
  {
    name: 'redis-forgets-scripts',
    covers: [15],
    what: 'SCRIPT FLUSH under load, again and again: not one call fails',
    inQuickSet: true,
    run: (run) =>
      underLoad(run, {}, async (_redis, { arena }, raw) => {
        const fromMs = performance.now();
        const times = run.quick ? 40 : 200;
        for (let time = 0; time < times; time += 1) {
          await raw.script('FLUSH');
          await sleep(50);
        }
        return [told('times', times), atMost('calls that failed', failures(arena, fromMs), 0)];
      }),
  },
  {
    name: 'redis-busy',
    covers: [15],
    what: 'another script runs for 1.5 s, so that Redis says BUSY',
    inQuickSet: false,
    run: (run) =>
      underLoad(run, { 'busy-reply-threshold': '50' }, async (redis, { arena }) => {
        const spinner = new Redis({ host: redis.host, port: redis.port });
        const killer = new Redis({ host: redis.host, port: redis.port, enableReadyCheck: false });
        const last: number[] = [];
        let ended = '';
        for (let time = 0; time < (run.quick ? 1 : 4); time += 1) {
          const seen = await during(arena, 'redis busy', async () => {
            const spinning = spinner.eval('while true do end', 0).catch(() => undefined);
            await sleep(1500);
            await killer.script('KILL');
            await spinning;
          });
          last.push(seen.lastMs);
          ended = seen.ended;
        }
        spinner.disconnect();
        killer.disconnect();
        return [
          told('while busy, at last', ended),
          atMost('first success after', Math.max(...last), 5000, ' ms'),
        ];
      }),
  },
  {
    name: 'redis-cannot-save',
    covers: [15],
    what: 'snapshots fail, so that Redis refuses every write (MISCONF), until one succeeds',
    inQuickSet: false,
    run: (run) =>
      underLoad(
        run,
        { save: '3600 1', 'stop-writes-on-bgsave-error': 'yes' },
        async (redis, { arena }, raw) => {
          const inTheWay = join(redis.directory, 'dump.rdb');
          const failing = async (): Promise<boolean> =>
            (await raw.info('persistence')).includes('last_bgsave_status:err');
          const { ended, lastMs } = await during(arena, 'redis cannot save', async () => {
            mkdirSync(inTheWay);
            await raw.bgsave();
            while (!(await failing())) await sleep(20);
            await sleep(3000);
            rmdirSync(inTheWay);
            await raw.bgsave();
            while (await failing()) await sleep(20);
          });
          return [told('meanwhile', ended), atMost('first success after', lastMs, 5000, ' ms')];
        },
      ),
  },
  {
    name: 'redis-loading',
    covers: [15],
    what: 'Redis killed and seconds over reading its AOF, saying LOADING meanwhile',
    inQuickSet: false,
    run: (run) =>
      underLoad(
        run,
        { ...DURABLE, 'key-load-delay': '300', 'aof-use-rdb-preamble': 'no' },
        async (redis, { arena }) => {
          await sleep(4000);
          const { ended, lastMs } = await during(arena, 'redis loading', async () => {
            await redis.kill();
            await redis.restart();
          });
          return [told('meanwhile', ended), atMost('first success after', lastMs, 5000, ' ms')];
        },
      ),
  },
  {
    name: 'redis-refuses-us',
    covers: [17],
    what: 'rights taken from our Redis user (NOPERM), then a password set and connections cut (NOAUTH); each undone',
    inQuickSet: true,
    run: (run) =>
      underLoad(run, {}, async (redis, { arena }) => {
        const raw = new Redis({
          host: redis.host,
          port: redis.port,
          username: 'operator',
          password: 'o',
          lazyConnect: true,
        });
        const first = new Redis({ host: redis.host, port: redis.port });
        await first.call('ACL', 'SETUSER', 'operator', 'on', '>o', '~*', '&*', '+@all');
        first.disconnect();
        await raw.connect();
        const noPerm = await during(arena, 'redis rights', async () => {
          await raw.call('ACL', 'SETUSER', 'default', '-@all');
          await sleep(2000);
          await raw.call('ACL', 'SETUSER', 'default', '+@all');
        });
        const noAuth = await during(arena, 'redis password', async () => {
          await raw.call('ACL', 'SETUSER', 'default', 'resetpass', '>another');
          await raw.call('CLIENT', 'KILL', 'USER', 'default');
          await sleep(2000);
          await raw.call('ACL', 'SETUSER', 'default', 'nopass');
        });
        raw.disconnect();
        return [
          told('without rights', noPerm.ended),
          told('without the password', noAuth.ended),
          atMost('first success after', Math.max(noPerm.lastMs, noAuth.lastMs), 5000, ' ms'),
        ];
      }),
  },
  {
    name: 'redis-rewrites',
    covers: [18],
    what: 'BGREWRITEAOF with 300 000 further keys, three times under load: not one call fails',
    inQuickSet: false,
    run: (run) =>
      underLoad(run, DURABLE, async (_redis, { arena }, raw) => {
        await raw
          .eval("for i=1,300000 do redis.call('set','ballast:'..i,i) end return 1", 0)
          .catch(() => undefined);
        await arena.allReady();
        await sleep(1500);
        const fromMs = performance.now();
        for (let time = 0; time < 3; time += 1) {
          await raw.bgrewriteaof();
          do await sleep(200);
          while ((await raw.info('persistence')).includes('aof_rewrite_in_progress:1'));
        }
        return [atMost('calls that failed', failures(arena, fromMs), 0)];
      }),
  },
];
