/**
 * Two servers under load for long, with a little harm all the time. Every stretch is judged like a fault scenario, and
 * at the end everything has to be back where it was after the first: memory, descriptors, streams, Redis connections.
 *
 * Usage: npm run soak [-- --minutes N] [--calls N] [--seed N]   (30 minutes or 2 000 000 calls, whichever is first)
 *        npm run soak -- --smoke                                (a minute, for CI)
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { type Arena, startArena } from '../faults/arena.js';
import { check, DEFAULT_BOUNDS } from '../faults/checker.js';
import { Recorder } from '../faults/history.js';
import { endings, sleep } from '../faults/judged.js';
import { finalPass, startLoad } from '../faults/load.js';
import { atMost, type Figure } from '../faults/scenario.js';
import { startVerifiers } from '../faults/verifiers.js';
import { startRedis } from '../support/redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    calls: { type: 'string', default: '2000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    smoke: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const endMs = performance.now() + (values.smoke ? 1 : Number(values.minutes)) * 60_000;
const maxCalls = Number(values.calls);
const STRETCH_MS = values.smoke ? 12_000 : 60_000;
/** What a server may keep of a longer life; after a minute it has yet to find its size. */
const MOST_MB = values.smoke ? 150 : 50;

interface Standing {
  readonly megabytes: number;
  readonly descriptors: number;
  readonly watchers: number;
}

async function standingOf({ pid, ports }: ServerProcess): Promise<Standing> {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  const metrics = await (await fetch(`http://127.0.0.1:${ports.ops}/metrics`)).text();
  return {
    megabytes: (pages * 4096) / 1e6,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    watchers: Number(/^countersign_feed_watchers(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? Number.NaN),
  };
}

console.log(`seed ${seed}`);
const redis = await startRedis({ appendonly: 'yes' });
const raw = new Redis({ host: redis.host, port: redis.port });
const proxy = await startTcpProxy(redis);
const arena = await startArena({
  storeFor: (i) => (i === 0 ? `redis://127.0.0.1:${proxy.port}` : redis.url),
  seed,
});
const connections = async (): Promise<number> =>
  String(await raw.client('LIST')).match(/name=countersign-/g)?.length ?? 0;

/** About one call in a hundred is made while something is wrong. */
async function harm(until: () => boolean): Promise<void> {
  const harms = [
    async () => proxy.resetAll(),
    async () => void (await raw.script('FLUSH')),
    async () => {
      proxy.delayAnswers(400);
      await sleep(100);
      proxy.delayAnswers(0);
    },
    async () => {
      proxy.swallowAnswers(true);
      await sleep(100);
      proxy.resetAll();
      proxy.swallowAnswers(false);
    },
  ];
  while (!until()) {
    await sleep(5000 + arena.random.below(5000));
    await arena.random.pick(harms)();
  }
}

/** Load on clients of its own, judged by itself, so that no history grows for ever. */
async function stretch(number: number): Promise<{ readonly calls: number; readonly broken: number }> {
  const own: Arena = { ...arena, recorder: new Recorder(seed), clients: [] };
  const [first] = arena.stubs;
  for (let i = 0; i < 20; i += 1) {
    const client = await first?.register(`s${number}-${i}`);
    if (client !== undefined) own.clients.push(client);
  }
  const load = startLoad(own);
  const crew = await startVerifiers(own, load.issued);
  let over = false;
  const harming = harm(() => over);
  await sleep(STRETCH_MS);
  over = true;
  await harming;
  await arena.allReady();
  await sleep(500);
  await load.stop();
  await crew.stop();
  const finalFromMs = await finalPass(own, load.issued, 500);
  const history = own.recorder.history();
  const violations = check(history, { ...DEFAULT_BOUNDS, finalFromMs });
  console.log(`${number}: ${endings(history.operations)}; ${violations.length} broken promises`);
  for (const { invariant, what } of violations.slice(0, 5)) console.log(`  FAIL ${invariant}: ${what}`);
  return { calls: history.operations.length, broken: violations.length };
}

/** After a while in which nobody calls. */
const rested = async (): Promise<{ readonly servers: Standing[]; readonly connections: number }> => {
  await sleep(3000);
  return { servers: await Promise.all(arena.servers.map(standingOf)), connections: await connections() };
};

let calls = 0;
let broken = 0;
const tally = ({ calls: more, broken: worse }: { calls: number; broken: number }): void => {
  calls += more;
  broken += worse;
};
tally(await stretch(0));
const before = await rested();
console.log(`warm: ${JSON.stringify(before)}`);
for (let number = 1; performance.now() < endMs && calls < maxCalls; number += 1) tally(await stretch(number));
const after = await rested();
console.log(`end: ${JSON.stringify(after)}`);

const figures: Figure[] = after.servers.flatMap((now, index) => {
  const then = before.servers[index] ?? now;
  return [
    atMost(`server ${index}: memory grown by`, now.megabytes - then.megabytes, MOST_MB, ' MB'),
    atMost(`server ${index}: more descriptors than before`, now.descriptors - then.descriptors, 3),
    atMost(`server ${index}: feed streams that nobody reads`, now.watchers, 0),
  ];
});
figures.push(
  atMost('more Redis connections than before', after.connections - before.connections, 0),
  atMost(`broken promises in ${calls} calls and checks`, broken, 0),
);
for (const { what, seen, mustBe, holds } of figures)
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}: ${seen} (${mustBe})`);
await arena.stop();
raw.disconnect();
await proxy.stop();
await redis.stop();
process.exit(figures.every(({ holds }) => holds) ? 0 : 1);
