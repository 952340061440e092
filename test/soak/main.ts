/**
 * Two servers at half of what they can for long, with a little harm all the time: a Redis that is slow or cut off,
 * callers that die, malformed calls, streams that are broken off. Every stretch is judged like a fault scenario, and
 * after the warm-up nothing may grow: memory, descriptors, timers, streams, Redis connections.
 *
 * Usage: npm run soak [-- --calls N] [--warm-up N] [--minutes N] [--per-second N] [--seed N] [--report FILE]
 *          2 000 000 calls, 200 000 of them to warm up, or 30 minutes, whichever is first
 *        npm run soak -- --smoke                     a minute or two, with wider bounds: nothing has found its size yet
 */
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { startArena } from '../faults/arena.js';
import { atLeast, atMost, type Figure } from '../faults/scenario.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/redis.js';
import { doorsOf, TOKEN_SECONDS } from './doors.js';
import { startProxyProcess } from './proxy-process.js';
import { type Sample, writeReport } from './report.js';
import { probeSettings, serverConnections, standingOf } from './standing.js';
import { stretch } from './stretch.js';

const { values } = parseArgs({
  options: {
    calls: { type: 'string' },
    'warm-up': { type: 'string' },
    minutes: { type: 'string', default: '30' },
    'per-second': { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    report: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});
const { smoke } = values;
const seed = Number(values.seed);
const maxCalls = Number(values.calls ?? (smoke ? 30_000 : 2_000_000));
const warmUpCalls = Number(values['warm-up'] ?? (smoke ? 10_000 : 200_000));
const endMs = performance.now() + Number(values.minutes) * 60_000;
/** How many calls are made between two looks at what is held. */
const STRETCH_CALLS = smoke ? 10_000 : 100_000;
/** How many are made as fast as they go, to see how fast that is. */
const CAPACITY_CALLS = smoke ? 4000 : 15_000;
/** Descriptors and timers: our own idle connections come and go, with a timer each. */
const BOUNDS = smoke
  ? { residentMb: 150, heapMbPerMillion: 500, descriptors: 3, timers: 10 }
  : { residentMb: 50, heapMbPerMillion: 5, descriptors: 3, timers: 10 };
/** To Redis: the ordinary one, the writer, and the reader of the feed. */
const CONNECTIONS_OF_A_SERVER = 3;
/** The longest wait for what ends by itself, such as a connection that was aged out and lets its calls end. */
const SETTLE_MS = 20_000;

const settings = {
  COUNTERSIGN_TOKEN_TTL_SECONDS: String(TOKEN_SECONDS),
  COUNTERSIGN_MAX_TOKEN_TTL_SECONDS: String(TOKEN_SECONDS),
  COUNTERSIGN_KEY_PERIOD_SECONDS: '60',
  COUNTERSIGN_KEY_LEAD_SECONDS: '10',
  COUNTERSIGN_KEY_OVERLAP_SECONDS: '45',
  COUNTERSIGN_KEY_REFRESH_SECONDS: '5',
  COUNTERSIGN_KEY_MARGIN_SECONDS: '2',
  COUNTERSIGN_LOG_CALLS_PER_SECOND: '1',
};

console.log(`seed ${seed}`);
const beganMs = performance.now();
const redis = await startRedis({ appendonly: 'yes' });
const raw = new Redis({ host: redis.host, port: redis.port });
const proxy = await startProxyProcess(redis);
const arena = await startArena({
  storeFor: (server) => (server === 0 ? `redis://127.0.0.1:${proxy.port}` : redis.url),
  run: { seed },
  clients: 0,
  settings,
  settingsFor: probeSettings,
});
const room = { doors: doorsOf(arena), proxy, redis: raw };
const samples: Sample[] = [];
let calls = 0;
let number = 0;

/** Lets so many calls be made, and looks at what is held after. */
async function run(more: number, perSecond: number | undefined): Promise<number> {
  number += 1;
  const result = await stretch(arena, room, { number, seed, calls: more, perSecond });
  calls += more;
  const sample = { ...(await rested()), stretch: result };
  samples.push(sample);
  const rate = result.calls / result.seconds;
  console.log(`${calls} calls, ${sample.minutes.toFixed(1)} min, ${rate.toFixed(0)}/s: ${result.endings}`);
  console.log(`  ${JSON.stringify(sample.servers)} ${sample.redisConnections} Redis connections`);
  for (const complaint of result.complaints.slice(0, 5)) console.log(`  FAIL ${complaint}`);
  return rate;
}

/** What is held once it holds no more than after the warm-up, or has had time enough. */
async function rested(): Promise<Omit<Sample, 'stretch'>> {
  const look = async (): Promise<Omit<Sample, 'stretch'>> => ({
    calls,
    minutes: (performance.now() - beganMs) / 60_000,
    servers: await Promise.all(arena.servers.map(standingOf)),
    redisConnections: await serverConnections(raw),
  });
  let last = await look();
  await eventually(async () => {
    last = await look();
    if (!isBack(last)) throw new Error('more is held than before');
  }, SETTLE_MS).catch(() => undefined);
  return last;
}

const isBack = ({ servers, redisConnections }: Omit<Sample, 'stretch'>): boolean =>
  servers.every(
    (now, index) =>
      now.watchers === 0 &&
      now.descriptors <= (baseline()?.servers[index]?.descriptors ?? now.descriptors) + BOUNDS.descriptors,
  ) && redisConnections === servers.length * CONNECTIONS_OF_A_SERVER;

/** The first sample after the warm-up. */
const baseline = (): Sample | undefined => samples.find((sample) => sample.calls >= warmUpCalls);

// The first time everything is slow: nothing has been compiled yet.
await run(CAPACITY_CALLS, undefined);
const capacity = Math.round(await run(CAPACITY_CALLS, undefined));
const perSecond = Number(values['per-second'] ?? Math.round(capacity / 2));
while (calls < maxCalls && performance.now() < endMs) {
  const left = (calls < warmUpCalls ? warmUpCalls : maxCalls) - calls;
  await run(Math.min(left, STRETCH_CALLS), perSecond);
}
const figures = judge();
for (const { what, seen, mustBe, holds } of figures)
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}: ${seen}${mustBe === '' ? '' : ` (${mustBe})`}`);
if (values.report !== undefined) {
  const command = `npm run soak -- --calls ${maxCalls} --warm-up ${warmUpCalls} --seed ${seed} --report FILE`;
  writeReport(values.report, { seed, command, perSecond, capacity, samples, figures });
}
await arena.stop();
raw.disconnect();
await proxy.stop();
await redis.stop();
process.exit(figures.every(({ holds }) => holds) ? 0 : 1);

function judge(): readonly Figure[] {
  const warm = baseline();
  const after = samples.filter((sample) => sample.calls >= warmUpCalls);
  const last = after.at(-1);
  if (warm === undefined || last === undefined) return [atLeast('calls', calls, warmUpCalls)];
  const complaints = samples.flatMap(({ stretch: part }) => part?.complaints ?? []).length;
  const errors = arena.servers
    .flatMap((server) => server.logLines())
    .filter(({ level, code }) => level === 'error' || level === 'fatal' || code === 'internal');
  for (const line of errors.slice(0, 5)) console.log(`  FAIL ${JSON.stringify(line)}`);
  return [
    ...last.servers.flatMap((now, index) => {
      const then = warm.servers[index] ?? now;
      const heap = after.map((sample) => [sample.calls / 1e6, sample.servers[index]?.heapMb ?? 0] as const);
      const name = `server ${index}`;
      return [
        atMost(
          `${name}: resident memory grown by`,
          now.residentMb - then.residentMb,
          BOUNDS.residentMb,
          ' MB',
        ),
        atMost(`${name}: heap grown by, in a million calls`, slopeOf(heap), BOUNDS.heapMbPerMillion, ' MB'),
        atMost(
          `${name}: more descriptors than before`,
          now.descriptors - then.descriptors,
          BOUNDS.descriptors,
        ),
        atMost(`${name}: more timers than before`, now.timers - then.timers, BOUNDS.timers),
        atMost(`${name}: feed streams that nobody reads`, now.watchers, 0),
      ];
    }),
    atMost('more Redis connections than before', last.redisConnections - warm.redisConnections, 0),
    atMost(`broken promises and failures of its own in ${last.calls} calls`, complaints, 0),
    atMost('errors in the logs', errors.length, 0),
  ];
}

/** Of the line nearest to the points (least squares); 0 of a single one. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (pick: 0 | 1): number => points.reduce((sum, point) => sum + point[pick], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}
