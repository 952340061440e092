import { startRedis, type TestRedis } from '../../support/redis.js';
import { type Arena, startArena } from '../arena.js';
import { check, DEFAULT_BOUNDS } from '../checker.js';
import { finalPass, type Load, startLoad } from '../load.js';
import {
  atLeast,
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Harm done to one Redis under load, between two times of peace; judged over all of it. */
async function underLoad(
  run: ScenarioRun,
  redisSettings: Record<string, string>,
  harm: (redis: TestRedis, arena: Arena, load: Load) => Promise<readonly Figure[]>,
): Promise<ScenarioResult> {
  const redis = await startRedis(redisSettings);
  const arena = await startArena({ storeFor: () => redis.url, seed: run.seed });
  try {
    const load = startLoad(arena);
    await sleep(1000);
    const figures = await harm(redis, arena, load);
    await arena.allReady();
    await sleep(500);
    await load.stop();
    const finalFromMs = await finalPass(arena, load.issued);
    const history = arena.recorder.history();
    const revoked = history.operations.filter(
      ({ kind, outcome }) => kind.startsWith('revoke') && outcome.kind === 'ok',
    ).length;
    return {
      figures: [
        ...figures,
        told('calls', history.operations.length),
        atLeast('revocations answered', revoked, 10),
      ],
      violations: check(history, { ...DEFAULT_BOUNDS, finalFromMs }),
    };
  } finally {
    await arena.stop();
    await redis.stop();
  }
}

const DURABLE = { appendonly: 'yes', appendfsync: 'always' };

/** How long after an instant the first call of a kind succeeded, in ms. */
function recoveryMs(arena: Arena, sinceMs: number): number {
  const first = arena.recorder
    .history()
    .operations.find(({ outcome, sentMs }) => outcome.kind === 'ok' && sentMs > sinceMs);
  return first === undefined ? Number.POSITIVE_INFINITY : first.answeredMs - sinceMs;
}

export const redisStandalone: readonly Scenario[] = [
  {
    name: 'redis-killed',
    what: 'Redis killed (SIGKILL) under load and started again, over and over; AOF, fsync always',
    inQuickSet: true,
    run: (run) =>
      underLoad(run, DURABLE, async (redis, arena) => {
        const recoveries: number[] = [];
        for (let cycle = 0; cycle < (run.quick ? 2 : 10); cycle += 1) {
          const over = arena.recorder.harm('redis killed');
          await redis.kill();
          await sleep(200 + arena.random.below(500));
          await redis.restart();
          const backMs = performance.now();
          await arena.allReady();
          over();
          await sleep(1000);
          recoveries.push(recoveryMs(arena, backMs));
        }
        return [
          atMost('first success after Redis accepts connections', Math.max(...recoveries), 2000, ' ms'),
        ];
      }),
  },
  {
    name: 'redis-hung',
    what: 'Redis stopped (SIGSTOP) under load, then continued: what timed out may run late and must undo nothing',
    inQuickSet: true,
    run: (run) =>
      underLoad(run, {}, async (redis, arena) => {
        const recoveries: number[] = [];
        for (let cycle = 0; cycle < (run.quick ? 1 : 5); cycle += 1) {
          const over = arena.recorder.harm('redis hung');
          redis.pause();
          await sleep(run.quick ? 2000 : 10_000);
          redis.resume();
          const backMs = performance.now();
          await arena.allReady();
          over();
          await sleep(500);
          recoveries.push(recoveryMs(arena, backMs));
        }
        return [atMost('first success after Redis goes on', Math.max(...recoveries), 2000, ' ms')];
      }),
  },
];
