import { openDescriptors, residentMb } from '../../support/process-facts.js';
import { startRedis } from '../../support/redis.js';
import type { ServerProcess } from '../../support/server-process.js';
import type { Arena } from '../arena.js';
import { SILENT_SERVER_BOUNDS } from '../checker.js';
import { FLOOD_KINDS, type FloodKind, type FloodOutcome, floodFrames } from '../h2-flooder.js';
import { type Ground, judged, quantile, sentWithin, sleep } from '../judged.js';
import { MALFORMED_REQUESTS } from '../malformed-requests.js';
import {
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';
import { callAsStrangers } from '../stranger-flooder.js';

const CONNECTIONS = 10;
const FRAMES_EACH = 20_000;
const MOST_GROWTH_MB = 50;
/** In CI, where what would collect rubbish has to wait for others. */
const MOST_GROWTH_QUICK_MB = 90;
/** As many resets as a connection has at once, and a second's worth that may be given back meanwhile. */
const MOST_RAN_EACH = 400;
const MOST_TIMES = 3;
/** What a machine with others to serve does now and then by itself: less than this is no harm. */
const NOISE_MS = 100;
/** In CI the floods follow one another within a second, beside whatever else the machine does. */
const NOISE_QUICK_MS = 1500;
const ATTEMPTS = 3;

/** How many calls of the RPC that the floods make have got as far as a handler. */
async function handled({ ports }: ServerProcess): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${ports.ops}/metrics`)).text();
  const lines = text.matchAll(/^countersign_requests_total\{rpc="ListVerificationKeys"[^}]*\} (\d+)/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

const tookWithin = (arena: Arena, fromMs: number, toMs: number): readonly number[] =>
  sentWithin(arena.recorder.history(), fromMs, toMs)
    .filter(({ kind }) => kind !== 'verify')
    .map(({ sentMs, answeredMs }) => answeredMs - sentMs);

interface Round {
  readonly floods: readonly (FloodOutcome & { readonly kind: FloodKind; readonly ran: number })[];
  readonly calmMs: number;
  readonly floodedMs: number;
  readonly calls: number;
  /** What the server's memory grew by, at most. */
  readonly grownMb: number;
  /** What those calls may have taken. */
  readonly mostMs: number;
}

/** Every flood, one after the other, each watched for a while; and what callers who behave saw before and meanwhile. */
async function round(arena: Arena, server: ServerProcess, quick: boolean): Promise<Round> {
  const watchMs = quick ? 1000 : 4000;
  const beforeMb = residentMb(server.pid);
  let mostMb = beforeMb;
  const looking = setInterval(() => {
    mostMb = Math.max(mostMb, residentMb(server.pid));
  }, 20);
  const calmFromMs = performance.now();
  await sleep(3000);
  const calmMs = quantile(tookWithin(arena, calmFromMs, performance.now()), 0.99);
  const floods: Round['floods'][number][] = [];
  const took: number[] = [];
  for (const kind of FLOOD_KINDS) {
    const ranBefore = await handled(server);
    const over = arena.recorder.harm(kind);
    const fromMs = performance.now();
    const order = {
      port: server.ports.grpc,
      kind,
      connections: CONNECTIONS,
      most: FRAMES_EACH,
      endMs: watchMs,
    };
    const outcome = await floodFrames(order);
    await sleep(Math.max(0, fromMs + watchMs - performance.now()));
    over();
    took.push(...tookWithin(arena, fromMs, performance.now()));
    floods.push({ ...outcome, kind, ran: (await handled(server)) - ranBefore });
  }
  clearInterval(looking);
  return {
    floods,
    calmMs,
    floodedMs: quantile(took, 0.99),
    calls: took.length,
    grownMb: mostMb - beforeMb,
    mostMs: Math.max(quick ? NOISE_QUICK_MS : NOISE_MS, MOST_TIMES * calmMs),
  };
}

const isInTime = ({ floodedMs, mostMs }: Round): boolean => floodedMs <= mostMs;

/** What a busy machine does to time and memory is not there again in another round; what a flood does is. */
const isHarmless = (one: Round, mostMb: number): boolean => isInTime(one) && one.grownMb <= mostMb;

async function flooded(run: ScenarioRun, { arena }: Ground): Promise<readonly Figure[]> {
  const server = arena.servers[0] as ServerProcess;
  // Until its memory has found the level of a busy server, which is not what the floods are about.
  await callAsStrangers({
    port: server.ports.grpc,
    sources: 4,
    atOnce: 8,
    seconds: 4,
    obeys: true,
    kinds: ['unknown client'],
    clientId: '',
    token: '',
  });
  await sleep(1000);
  const descriptorsBefore = openDescriptors(server.pid);
  const mostMb = run.quick ? MOST_GROWTH_QUICK_MB : MOST_GROWTH_MB;
  const rounds: Round[] = [];
  do rounds.push(await round(arena, server, run.quick));
  while (!rounds.some((one) => isHarmless(one, mostMb)) && rounds.length < ATTEMPTS);
  const malformed = await sendMalformed(server.ports.grpc);
  const best = rounds.find((one) => isHarmless(one, mostMb)) ?? (rounds.at(-1) as Round);
  const all = rounds.flatMap(({ floods }) => floods);
  const most = (kind: FloodKind): number =>
    Math.max(...all.filter((one) => one.kind === kind).map(({ ran }) => ran));
  const kept = run.quick ? undefined : await descriptorsKept(server, descriptorsBefore);
  const alive = residentMb(server.pid) > 0;
  return [
    ...best.floods.map(({ kind, sent, tookMs, ended, harmless, goAwayCodes }) =>
      told(
        `${kind}: ${sent} in ${Math.round(tookMs)} ms`,
        `${ended} connections ended${goAwayCodes.length > 0 ? ` (GOAWAY ${goAwayCodes.join(', ')})` : ''}, ${harmless} kept and answered as before`,
      ),
    ),
    atMost('connections neither ended nor answered', sum(all.map(({ dumb }) => dumb)), 0),
    atMost('handlers run for calls reset before their message', most('reset before the message'), 0),
    atMost(
      'handlers run for calls reset after it, for each connection',
      most('reset after the message') / CONNECTIONS,
      MOST_RAN_EACH,
    ),
    {
      what: `p99 of ${best.calls} calls of others meanwhile, ${rounds.length} rounds`,
      seen: `${best.floodedMs} ms`,
      mustBe: `at most ${Math.round(best.mostMs)} ms, ${best.calmMs} ms before`,
      holds: isInTime(best),
    },
    ...malformed,
    atMost('memory of the server meanwhile, beyond before', best.grownMb, mostMb, ' MB'),
    ...(kept === undefined ? [] : [atMost('descriptors that offenders left behind, 20 s after', kept, 0)]),
    { what: 'the process', seen: alive ? 'lives' : 'is gone', mustBe: 'lives', holds: alive },
  ];
}

/** Requests that are none, one after the other: each must end in some answer, none in a good one. */
async function sendMalformed(port: number): Promise<readonly Figure[]> {
  const answers = new Map<string, string[]>();
  for (const { name, send } of MALFORMED_REQUESTS) {
    const answer = await send(port);
    answers.set(answer, [...(answers.get(answer) ?? []), name]);
  }
  const counted = [...answers].map(([answer, { length }]) => `${length} ${NAMES[answer] ?? answer}`);
  const silent = answers.get('silence') ?? [];
  const good = answers.get('0') ?? [];
  return [
    told(`${MALFORMED_REQUESTS.length} requests that are none`, counted.join(', ')),
    {
      ...atMost('of them without an answer', silent.length, 0),
      ...(silent[0] && { seen: silent.join(', ') }),
    },
    { ...atMost('of them answered OK', good.length, 0), ...(good[0] && { seen: good.join(', ') }) },
  ];
}

/** The statuses that come, by name. */
const NAMES: Readonly<Record<string, string>> = {
  '8': 'RESOURCE_EXHAUSTED',
  '12': 'UNIMPLEMENTED',
  '13': 'INTERNAL (of grpc-js: not gzip)',
  '16': 'UNAUTHENTICATED',
  '415': 'HTTP 415',
};

/** Node does not see the end of a connection that broke the protocol: the keep-alive does, after 15 s at the latest. */
async function descriptorsKept({ pid }: ServerProcess, before: number): Promise<number> {
  const endMs = performance.now() + 20_000;
  while (openDescriptors(pid) > before && performance.now() < endMs) await sleep(200);
  return Math.max(0, openDescriptors(pid) - before);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

export const h2Floods: readonly Scenario[] = [
  {
    name: 'h2-floods',
    covers: [48],
    what: 'floods of HTTP/2 frames of every kind, ten connections each, then requests that are none, beside callers who behave',
    inQuickSet: true,
    mostGrowthMb: 150,
    run: async (run): Promise<ScenarioResult> => {
      const redis = await startRedis();
      try {
        const options = {
          storeFor: () => redis.url,
          servers: 1,
          load: { callers: 4, pauseMs: 10 },
          // A flood costs the server up to 0.7 s of processor time, which takes longer on a busy machine.
          bounds: SILENT_SERVER_BOUNDS,
        };
        return await judged(run, options, (ground) => flooded(run, ground));
      } finally {
        await redis.stop();
      }
    },
  },
];
