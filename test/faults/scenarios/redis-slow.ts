import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { endings, type Ground, judged, quantile, sentWithin, sleep } from '../judged.js';
import {
  atLeast,
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';

/** Server 0 reaches Redis through a proxy, server 1 directly, so that each can be held against the other. */
async function behindProxy(
  run: ScenarioRun,
  harm: (proxy: TcpProxy, ground: Ground, redis: TestRedis) => Promise<readonly Figure[]>,
): Promise<ScenarioResult> {
  const redis = await startRedis();
  const proxy = await startTcpProxy(redis);
  try {
    return await judged(
      run,
      { storeFor: (server) => (server === 0 ? `redis://127.0.0.1:${proxy.port}` : redis.url) },
      (ground) => harm(proxy, ground, redis),
    );
  } finally {
    await proxy.stop();
    await redis.stop();
  }
}

export const redisSlow: readonly Scenario[] = [
  {
    name: 'redis-slow',
    covers: [13],
    what: 'every answer of Redis 50, 200 and then 400 ms late for one of two servers',
    inQuickSet: true,
    run: (run) =>
      behindProxy(run, async (proxy, { arena }) => {
        const figures: Figure[] = [];
        for (const delayMs of [50, 200, 400]) {
          const over = arena.recorder.harm(`redis ${delayMs} ms late`);
          const fromMs = performance.now();
          proxy.delayAnswers(delayMs);
          await sleep(run.quick ? 2000 : 6000);
          proxy.delayAnswers(0);
          const calls = sentWithin(arena.recorder.history(), fromMs + 300, performance.now()).filter(
            ({ at }) => at === 'server-0',
          );
          const took = calls.map(({ sentMs, answeredMs }) => answeredMs - sentMs);
          figures.push(
            told(
              `${delayMs} ms late`,
              `${endings(calls)}; p50 ${quantile(took, 0.5)} ms, p99 ${quantile(took, 0.99)} ms`,
            ),
          );
          if (delayMs === 50) {
            const good = calls.filter(({ outcome }) => outcome.kind === 'ok');
            figures.push(
              atLeast('50 ms late: answered, of 100', (good.length / Math.max(1, calls.length)) * 100, 50),
            );
          }
          if (delayMs === 400) {
            const certain = calls.filter(
              ({ outcome }) => outcome.kind === 'ok' && outcome.verdict !== undefined,
            );
            figures.push(atMost('400 ms late: introspections answered all the same', certain.length, 0));
          }
          await arena.allReady();
          over();
          await sleep(500);
        }
        return figures;
      }),
  },
  {
    name: 'redis-answers-lost',
    covers: [14],
    what: 'answers of Redis swallowed and the connections then reset: commands ran, and nobody was told',
    inQuickSet: true,
    run: (run) =>
      behindProxy(run, async (proxy, { arena }, redis) => {
        const times = run.quick ? 8 : 40;
        for (let time = 0; time < times; time += 1) {
          const over = arena.recorder.harm('answers lost');
          proxy.swallowAnswers(true);
          await sleep(20 + arena.random.below(200));
          proxy.resetAll();
          proxy.swallowAnswers(false);
          await sleep(300);
          await arena.allReady();
          over();
        }
        return [told('times', times), await feedIsDense(redis)];
      }),
  },
];

/** Every number once: no entry was written twice, and none is missing. */
async function feedIsDense(redis: TestRedis): Promise<Figure> {
  const raw = new Redis({ host: redis.host, port: redis.port });
  const [key = ''] = (await raw.keys('*')).filter((name) => name.endsWith(':feed'));
  const ids = ((await raw.xrange(key, '-', '+')) as [string, string[]][]).map(([id]) =>
    Number(id.split('-')[0]),
  );
  raw.disconnect();
  const span = (ids.at(-1) ?? 0) - (ids[0] ?? 1) + 1;
  return {
    what: 'entries of the feed, numbered without gap',
    seen: `${ids.length}`,
    mustBe: `${span}`,
    holds: ids.length === span && span > 0,
  };
}
