import { readFile } from 'node:fs/promises';
import { IntrospectTokenRequest } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { flood, floodForms } from '../../support/h2-flood.js';
import { openLoop } from '../../support/open-loop.js';
import { startRedis } from '../../support/redis.js';
import { ADMIN, type Arena, startArena } from '../arena.js';
import { check, DEFAULT_BOUNDS } from '../checker.js';
import type { Stubs } from '../clients-under-test.js';
import { endings, quantile, sleep } from '../judged.js';
import { introspect } from '../load.js';
import {
  atLeast,
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';

const INTROSPECT = '/countersign.v1.TokenService/IntrospectToken';
const AUTHORIZATION = `Basic ${Buffer.from(`${ADMIN.id}:${ADMIN.secret}`).toString('base64')}`;
/** What a caller of the open loop waits for an answer. */
const DEADLINE_MS = 1000;

/** What a server did meanwhile, by its own count, and what of a processor it got for it. */
interface Work {
  /** Introspections a second, by how they ended. */
  readonly rates: ReadonlyMap<string, number>;
  /** Introspections answered for each second that the server had a processor. */
  readonly perCpuSecond: number;
  readonly cpuSeconds: number;
  readonly cpuShare: number;
}

/** Does something to the first server of an arena, and tells what that server did meanwhile. */
async function watching(arena: Arena, act: () => Promise<unknown>): Promise<Work> {
  const [before, cpuBefore, began] = [await counted(arena), await cpuSeconds(arena), performance.now()];
  await act();
  const seconds = (performance.now() - began) / 1000;
  const [after, cpu] = [await counted(arena), (await cpuSeconds(arena)) - cpuBefore];
  const since = (code: string): number => (after.get(code) ?? 0) - (before.get(code) ?? 0);
  return {
    rates: new Map([...after.keys()].map((code) => [code, since(code) / seconds])),
    perCpuSecond: since('ok') / cpu,
    cpuSeconds: cpu,
    cpuShare: cpu / seconds,
  };
}

/** How many introspections ended how, by the server's own count. */
async function counted({ servers }: Arena): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${servers[0]?.ports.ops}/metrics`)).text();
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, labels = '', count = ''] = /^countersign_requests_total\{([^}]*)\} (\d+)/.exec(line) ?? [];
    const [, code = ''] = /code="([^"]*)"/.exec(labels) ?? [];
    if (labels.includes('"IntrospectToken"')) counts.set(code, (counts.get(code) ?? 0) + Number(count));
  }
  return counts;
}

/** Of the thread that answers calls: what it had of a processor since it began. */
async function cpuSeconds({ servers }: Arena): Promise<number> {
  const { pid } = servers[0] ?? {};
  const stat = await readFile(`/proc/${pid}/task/${pid}/stat`, 'utf8');
  const [utime, stime] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14);
  return (Number(utime) + Number(stime)) / 100;
}

const wordsOf = ({ rates, cpuShare }: Work): string => {
  const rounded = [...rates]
    .filter(([, rate]) => rate >= 1)
    .map(([code, rate]) => `${Math.round(rate)} ${code}`);
  return `${rounded.join(', ')}; with ${Math.round(cpuShare * 100)} % of a processor`;
};

/**
 * Many at once, who come again as soon as they are answered, and then three times what can be answered, which comes
 * whether or not it is. Revocations meanwhile, by a caller of his own.
 *
 * Server, load and Redis share the machine's processors, so what the server does is held against the processor time it
 * had.
 */
async function overloaded(run: ScenarioRun): Promise<ScenarioResult> {
  const redis = await startRedis();
  const arena = await startArena({ storeFor: () => redis.url, run, servers: 1 });
  try {
    const [at] = arena.stubs as [Stubs];
    const tokens = (await Promise.all(arena.clients.map((client) => at.issue(client)))).map((one, index) => ({
      clientId: arena.clients[index]?.clientId ?? '',
      token: one.token ?? '',
      tokenId: one.tokenId ?? '',
    }));
    const [kept, ...others] = tokens;
    const token = kept?.token ?? '';
    const ports = arena.servers[0]?.ports;
    const message = IntrospectTokenRequest.encode({ token }).finish();
    const grpc = { port: ports?.grpc ?? 0, path: INTROSPECT, message, authorization: AUTHORIZATION };
    const form = Buffer.from(`token=${token}`);
    const http = { ...grpc, port: ports?.http ?? 0, path: '/oauth/introspect', message: form };
    const seconds = run.quick ? 3 : 10;
    const flooded = (connections: number, streams: number, time = seconds): Promise<Work> =>
      watching(arena, () => flood({ ...grpc, connections, streams, seconds: time }));
    const formed = (connections: number, time = seconds): Promise<Work> =>
      watching(arena, () => floodForms({ ...http, connections, seconds: time }));

    await flooded(8, 16, 3);
    await formed(64, 2);
    const capacity = await flooded(8, 16);
    const formCapacity = await formed(64);
    const figures: Figure[] = [
      told('capacity, 128 calls at once, per second', wordsOf(capacity)),
      told('capacity, 64 HTTP requests at once, per second', wordsOf(formCapacity)),
    ];
    const judge = (what: string, work: Work, of: Work, least: number): void => {
      figures.push(told(`${what}, per second`, wordsOf(work)));
      const share = (work.perCpuSecond / of.perCpuSecond) * 100;
      figures.push(atLeast(`${what}: answered, of 100 of the capacity`, share, least));
    };

    const revoking = startRevoking(arena, at, others);
    judge('2000 calls at once', await flooded(20, 100), capacity, 60);
    judge('6000 calls at once', await flooded(60, 100), capacity, 50);
    judge('1000 HTTP requests at once', await formed(1000), formCapacity, 60);
    const atOnce = await revoking.stop();

    const rate = Math.round((capacity.rates.get('ok') ?? 0) * 3);
    const offering = startRevoking(arena, at, others);
    let offered: Awaited<ReturnType<typeof openLoop>> | undefined;
    const work = await watching(arena, async () => {
      offered = await openLoop({
        ...grpc,
        connections: 60,
        rate,
        seconds: seconds * 2,
        deadlineMs: DEADLINE_MS,
      });
    });
    const recoveredMs = await recovery(at, token);
    const meanwhile = await offering.stop();
    if (offered !== undefined) {
      const { answered, refused, late, heldBack, reset, lost, cpuShare } = offered;
      const each = (count: number): number => Math.round(count / (seconds * 2));
      const good = (answered.length / work.cpuSeconds / capacity.perCpuSecond) * 100;
      figures.push(
        told(`three times the capacity, ${rate} calls a second with ${DEADLINE_MS} ms each`, wordsOf(work)),
        told(
          'as their callers saw it, per second',
          `${each(answered.length)} answered in time, ${each(refused.length)} refused, ${each(late)} given up, ${each(heldBack)} given up before they were sent, ${each(reset)} reset, ${each(lost)} lost; they took ${Math.round(cpuShare * 100)} % of a processor`,
        ),
        atLeast('answered in time, of 100 of the capacity (80 are aimed at)', good, 30),
        told('refused, p50', `${Math.round(quantile(refused, 0.5))} ms`),
        atMost('back to answers within 100 ms after', recoveredMs, 2000, ' ms'),
      );
    }
    return {
      figures: [
        ...figures,
        ...revocationFigures('many at once', atOnce),
        ...revocationFigures('three times the capacity', meanwhile),
        told(
          'revocations',
          endings(arena.recorder.history().operations.filter(({ kind }) => kind === 'revokeToken')),
        ),
      ],
      violations: check(arena.recorder.history(), DEFAULT_BOUNDS),
    };
  } finally {
    await arena.stop();
    await redis.stop();
  }
}

/** A revocation and a look at what it revoked, over and over. */
function startRevoking(
  arena: Arena,
  at: Stubs,
  tokens: readonly { readonly clientId: string; readonly token: string; readonly tokenId: string }[],
): { stop(): Promise<Revocations> } {
  let running = true;
  const took: number[] = [];
  let refused = 0;
  const done = (async () => {
    for (let next = 0; running; next += 1) {
      const one = tokens[next % tokens.length];
      if (one === undefined) throw new RangeError('nothing to revoke');
      const began = performance.now();
      const { clientId, tokenId, token } = one;
      const outcome = await arena.recorder.record(
        { kind: 'revokeToken', at: at.name, clientId, tokenId },
        () => at.revokeToken(token),
      );
      if (outcome.kind !== 'ok') refused += 1;
      took.push(performance.now() - began);
      await introspect(arena, at, one);
      await sleep(50);
    }
  })();
  return {
    stop: async () => {
      running = false;
      await done;
      return { took, refused };
    },
  };
}

interface Revocations {
  /** In ms. */
  readonly took: readonly number[];
  /** Not answered OK. */
  readonly refused: number;
}

/** The bound is what a machine that has other work keeps, too; with a processor to itself it is below 500 ms. */
const revocationFigures = (when: string, { took, refused }: Revocations): Figure[] => [
  atLeast(`${when}: revocations meanwhile`, took.length, 10),
  atMost(`${when}: not answered OK, of 100`, (refused / took.length) * 100, 5),
  told(`${when}: a revocation took, p50`, `${Math.round(quantile(took, 0.5))} ms`),
  atMost(`${when}: a revocation took, p99 (500 ms are aimed at)`, quantile(took, 0.99), 1500, ' ms'),
];

/** How long it takes until an introspection is answered within 100 ms again. */
async function recovery(at: Stubs, token: string): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < 10_000) {
    const asked = performance.now();
    const { outcome } = await at.introspect(token);
    if (outcome.kind === 'ok' && performance.now() - asked < 100) return performance.now() - began;
  }
  return Number.POSITIVE_INFINITY;
}

export const overload: readonly Scenario[] = [
  {
    name: 'overload',
    covers: [56, 63],
    what: '2000 and 6000 introspections at once, 1000 HTTP requests at once, then three times what can be answered, on one server; revocations meanwhile',
    inQuickSet: false,
    mostGrowthMb: 150,
    run: overloaded,
  },
];
