import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../../support/redis.js';
import type { ServerProcess } from '../../support/server-process.js';
import { type Arena, startArena } from '../arena.js';
import { SILENT_SERVER_BOUNDS } from '../checker.js';
import type { Stubs } from '../clients-under-test.js';
import { endings, judged, quantile, sentWithin, sleep } from '../judged.js';
import {
  atLeast,
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';
import { callAsStrangers, STRANGER_KINDS, type StrangerKind } from '../stranger-flooder.js';

const SOURCES = 20;
/** On each connection: what a server allows. */
const AT_ONCE = 100;
const COUNTED_AT_ONCE = 8;
/** One, and what the server does by itself now and then. */
const ONE = 1.05;
/** How often failures are counted in Redis for all servers together, whoever fails: for them it would be a second trip. */
const MOST_COUNTS_A_SECOND = 200;
const MOST_TIMES = 3;
const LONGEST_WAIT_MS = 500;
const ATTEMPTS = 3;

const COUNTER = fileURLToPath(new URL('../../support/count-work.mjs', import.meta.url));

type Counts = Readonly<
  Record<'calls' | 'hashes' | 'signatureChecks' | 'slowHashes' | 'looks' | 'throttleCounts', number>
>;

/** What a server and its Redis have done so far. */
async function countsOf({ ports }: ServerProcess, redis: Redis, directory: string): Promise<Counts> {
  // Until the files say so, too.
  await sleep(200);
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')));
  const inFiles = (name: string): number => files.reduce((sum, one) => sum + one[name], 0);
  const text = await (await fetch(`http://127.0.0.1:${ports.ops}/metrics`)).text();
  const inMetrics = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
  const stats = await redis.info('commandstats');
  return {
    calls: inMetrics(/^countersign_requests_total\{[^}]*\} (\d+)/gm),
    hashes: inFiles('hashes'),
    signatureChecks: inFiles('signatureChecks'),
    slowHashes: inFiles('slowHashes'),
    looks: inMetrics(/^countersign_store_duration_seconds_count\{[^}]*\} (\d+)/gm),
    throttleCounts: Number(/^cmdstat_eval:calls=(\d+)/m.exec(stats)?.[1] ?? 0),
  };
}

/** What a call of each kind of stranger costs, counted in the server itself and in Redis. */
async function costs(run: ScenarioRun, redis: TestRedis): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-work-'));
  const raw = new Redis({ host: redis.host, port: redis.port });
  const arena = await startArena({
    storeFor: () => redis.url,
    run,
    servers: 1,
    clients: 1,
    settings: { NODE_OPTIONS: `--import=${COUNTER}`, COUNT_WORK_DIRECTORY: directory },
  });
  const figures: Figure[] = [];
  try {
    const server = arena.servers[0] as ServerProcess;
    const { clientId, token } = await aToken(arena);
    for (const kind of STRANGER_KINDS) {
      const before = await countsOf(server, raw, directory);
      await callAsStrangers({
        port: server.ports.grpc,
        sources: 1,
        atOnce: COUNTED_AT_ONCE,
        obeys: true,
        seconds: 1,
        kinds: [kind],
        clientId,
        token,
      });
      const after = await countsOf(server, raw, directory);
      figures.push(...costsOf(kind, before, after));
    }
    return figures;
  } finally {
    raw.disconnect();
    await arena.stop();
    rmSync(directory, { recursive: true });
  }
}

function costsOf(kind: StrangerKind, before: Counts, after: Counts): readonly Figure[] {
  const grown = (name: keyof Counts): number => after[name] - before[name];
  const calls = Math.max(1, grown('calls'));
  const each = (name: keyof Counts): number => Math.round((grown(name) / calls) * 100) / 100;
  // Two hashes make an HMAC.
  const [hmacs, checks, looks] = [each('hashes') / 2, each('signatureChecks'), each('looks')];
  // The token is asked about in the round trip in which the caller is.
  const mostLooks = kind === 'wrong secret, about a forged token' ? 2 : 1;
  return [
    {
      what: `${kind}: for each of ${calls} calls`,
      seen: `${hmacs} HMACs, ${checks} checks of a signature, ${looks} looks at the store`,
      mustBe: mostLooks === 1 ? 'at most one of each' : 'at most one of each, and two looks in one trip',
      holds:
        calls > 50 &&
        Math.max(hmacs, checks, looks / mostLooks) <= ONE &&
        (hmacs === 0 || checks === 0) &&
        grown('slowHashes') === 0,
    },
    atMost(
      `${kind}: failures counted in Redis within the second`,
      grown('throttleCounts'),
      2 * MOST_COUNTS_A_SECOND,
    ),
  ];
}

async function aToken({
  clients,
  stubs,
}: Arena): Promise<{ readonly clientId: string; readonly token: string }> {
  const [client] = clients;
  const [at] = stubs as [Stubs];
  if (client === undefined) throw new RangeError('there is no client');
  const { token } = await at.issue(client);
  if (token === undefined) throw new Error('there is no token');
  return { clientId: client.clientId, token };
}

/** What callers who are known saw from a time on. */
interface Seen {
  readonly p99Ms: number;
  readonly calls: number;
  readonly answeredPercent: number;
  readonly how: string;
}

function seenSince({ recorder }: Arena, fromMs: number): Seen {
  const calls = sentWithin(recorder.history(), fromMs, performance.now()).filter(
    ({ kind }) => kind !== 'verify',
  );
  const took = calls.map(({ sentMs, answeredMs }) => answeredMs - sentMs);
  const answered = calls.filter(({ outcome }) => outcome.kind === 'ok').length;
  return {
    p99Ms: quantile(took, 0.99),
    calls: calls.length,
    answeredPercent: (answered / Math.max(1, calls.length)) * 100,
    how: endings(calls),
  };
}

interface Flood {
  readonly calm: Seen;
  readonly meanwhile: Seen;
  readonly perSecond: number;
}

/**
 * What those who are known may wait: three times what they waited before, or what anybody may be kept in line, or, on a
 * machine that is slow by itself, twice as long as it takes to get through everybody who is there at once.
 */
const mostMs = ({ calm, perSecond }: Flood): number =>
  Math.round(Math.max(MOST_TIMES * calm.p99Ms, LONGEST_WAIT_MS, (2000 * SOURCES * AT_ONCE) / perSecond));

const isHarmless = (flood: Flood): boolean => flood.meanwhile.p99Ms <= mostMs(flood);

/** All kinds together from twenty addresses, far more than can be answered, beside callers who are known. */
async function flood(run: ScenarioRun, redis: TestRedis): Promise<ScenarioResult> {
  const options = {
    storeFor: () => redis.url,
    servers: 1,
    load: { callers: 4, pauseMs: 10 },
    bounds: SILENT_SERVER_BOUNDS,
  };
  return judged(run, options, async ({ arena }) => {
    const server = arena.servers[0] as ServerProcess;
    const facts = { port: server.ports.grpc, kinds: STRANGER_KINDS, ...(await aToken(arena)) };
    const seconds = run.quick ? 4 : 12;
    const few = { ...facts, sources: 4, atOnce: COUNTED_AT_ONCE, seconds: 3, obeys: true };
    const capacity = (await callAsStrangers(few)) / few.seconds;
    const flooded = async (obeys: boolean): Promise<Flood> => {
      await sleep(1500);
      const calmMs = performance.now();
      await sleep(3000);
      const calm = seenSince(arena, calmMs);
      const over = arena.recorder.harm('strangers');
      const fromMs = performance.now();
      const ended = await callAsStrangers({ ...facts, sources: SOURCES, atOnce: AT_ONCE, seconds, obeys });
      const meanwhile = seenSince(arena, fromMs);
      over();
      return { calm, meanwhile, perSecond: ended / seconds };
    };
    const polite = [await flooded(true)];
    // What is noise of the machine is not there again.
    while (polite.length < ATTEMPTS && !polite.some(isHarmless)) polite.push(await flooded(true));
    const best = polite.find(isHarmless) ?? polite[0];
    const rude = await flooded(false);
    if (best === undefined) throw new RangeError('nothing was tried');
    const { calm, meanwhile, perSecond } = best;
    return [
      told('strangers who are answered one by one, per second', Math.round(capacity)),
      told(`${SOURCES * AT_ONCE} strangers at once, per second`, Math.round(perSecond)),
      {
        what: `p99 of ${meanwhile.calls} calls of those who are known, meanwhile`,
        seen: `${meanwhile.p99Ms} ms, ${times(calm, meanwhile)} times the ${calm.p99Ms} ms of before`,
        mustBe: `at most ${mostMs(best)} ms: ${MOST_TIMES} times that of before, ${LONGEST_WAIT_MS} ms in line, or twice the line`,
        holds: isHarmless(best),
      },
      atLeast('of them answered, of 100', meanwhile.answeredPercent, 90),
      told('how they ended', meanwhile.how),
      told(
        'the same with strangers who heed no limit',
        `${Math.round(rude.perSecond)} a second; those who are known: p99 ${rude.meanwhile.p99Ms} ms, ${times(rude.calm, rude.meanwhile)} times that of before; ${rude.meanwhile.how}`,
      ),
    ];
  });
}

const times = (calm: Seen, meanwhile: Seen): string => (meanwhile.p99Ms / calm.p99Ms).toFixed(1);

async function onRedis<T>(act: (redis: TestRedis) => Promise<T>): Promise<T> {
  const redis = await startRedis();
  try {
    return await act(redis);
  } finally {
    await redis.stop();
  }
}

export const fromStrangers: readonly Scenario[] = [
  {
    name: 'strangers-cost',
    covers: [56],
    what: 'wrong secrets, unknown clients, forged and oversized tokens: what a server computes and asks for each, counted in the server itself',
    inQuickSet: true,
    mostGrowthMb: 150,
    run: (run) => onRedis(async (redis) => ({ figures: await costs(run, redis), violations: [] })),
  },
  {
    name: 'strangers-flood',
    covers: [56],
    what: 'all of those from twenty addresses, a hundred at once from each, without end, beside callers who are known',
    inQuickSet: false,
    mostGrowthMb: 150,
    run: (run) => onRedis((redis) => flood(run, redis)),
  },
];
