import { IntrospectTokenRequest } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { flood } from '../../support/h2-flood.js';
import { startRedis } from '../../support/redis.js';
import { ADMIN, type Arena, startArena } from '../arena.js';
import { check, DEFAULT_BOUNDS } from '../checker.js';
import type { Stubs } from '../clients-under-test.js';
import { endings, quantile, sleep } from '../judged.js';
import { introspect } from '../load.js';
import { atLeast, atMost, type Scenario, type ScenarioResult, type ScenarioRun, told } from '../scenario.js';

const INTROSPECT = '/countersign.v1.TokenService/IntrospectToken';

/** How many introspections ended how, by the server's own count. */
async function counted({ servers }: Arena): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${servers[0]?.ports.ops}/metrics`)).text();
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, labels = '', count = ''] = /^countersign_requests_total\{([^}]*)\} (\d+)/.exec(line) ?? [];
    const [, code = ''] = /code="([^"]*)"/.exec(labels) ?? [];
    if (labels.includes('"IntrospectToken"')) counts.set(code, Number(count));
  }
  return counts;
}

/** Far more introspections at once than one server can answer; revocations and tokens asked for beside them. */
async function overloaded(run: ScenarioRun): Promise<ScenarioResult> {
  const redis = await startRedis();
  const arena = await startArena({ storeFor: () => redis.url, run, servers: 1 });
  try {
    const [at] = arena.stubs as [Stubs];
    const { recorder } = arena;
    const tokens = (await Promise.all(arena.clients.map((client) => at.issue(client)))).map((one, index) => ({
      clientId: arena.clients[index]?.clientId ?? '',
      token: one.token ?? '',
      tokenId: one.tokenId ?? '',
    }));
    const [first] = tokens;
    const flooded = async (
      connections: number,
      streams: number,
      seconds: number,
    ): Promise<ReadonlyMap<string, number>> => {
      const before = await counted(arena);
      await flood({
        port: arena.servers[0]?.ports.grpc ?? 0,
        path: INTROSPECT,
        message: IntrospectTokenRequest.encode({ token: first?.token ?? '' }).finish(),
        authorization: `Basic ${Buffer.from(`${ADMIN.id}:${ADMIN.secret}`).toString('base64')}`,
        connections,
        streams,
        seconds,
      });
      const after = await counted(arena);
      return new Map([...after].map(([code, count]) => [code, (count - (before.get(code) ?? 0)) / seconds]));
    };
    const seconds = run.quick ? 5 : 20;
    await flooded(4, 8, 2);
    const capacity = (await flooded(4, 8, 5)).get('ok') ?? 0;

    const connections = 20;
    let running = true;
    const took: number[] = [];
    const revoking = (async () => {
      for (let next = 1; running; next += 1) {
        const one = tokens[next % tokens.length];
        if (one === undefined || one === first) continue;
        const began = performance.now();
        const { clientId, tokenId, token } = one;
        await recorder.record({ kind: 'revokeToken', at: at.name, clientId, tokenId }, () =>
          at.revokeToken(token),
        );
        took.push(performance.now() - began);
        await introspect(arena, at, one);
        await sleep(50);
      }
    })();
    const over = await flooded(connections, 100, seconds);
    running = false;
    await revoking;
    const releasedMs = performance.now();
    let recoveredMs = Number.POSITIVE_INFINITY;
    while (performance.now() - releasedMs < 10_000 && recoveredMs === Number.POSITIVE_INFINITY) {
      const began = performance.now();
      const { outcome } = await at.introspect(first?.token ?? '');
      if (outcome.kind === 'ok' && performance.now() - began < 100)
        recoveredMs = performance.now() - releasedMs;
    }
    const { operations } = recorder.history();
    const revocations = operations.filter(({ kind }) => kind === 'revokeToken');
    const good = over.get('ok') ?? 0;
    return {
      figures: [
        told('capacity, 32 calls at once', `${Math.round(capacity)} introspections a second`),
        told(
          `${connections * 100} calls at once, per second`,
          [...over]
            .filter(([, count]) => count > 0)
            .map(([code, count]) => `${Math.round(count)} ${code}`)
            .join(', '),
        ),
        atLeast('answered, of 100 of the capacity', (good / capacity) * 100, 25),
        atLeast('revocations meanwhile', revocations.length, 10),
        atMost(
          'revocations refused, of 100',
          (revocations.filter(({ outcome }) => outcome.kind !== 'ok').length / revocations.length) * 100,
          5,
        ),
        told('revocations meanwhile', endings(revocations)),
        atMost('a revocation took, p99', quantile(took, 0.99), 1500, ' ms'),
        told('a revocation took, p50', `${quantile(took, 0.5)} ms`),
        atMost('back to answers within 100 ms after', recoveredMs, 5000, ' ms'),
      ],
      violations: check(recorder.history(), DEFAULT_BOUNDS),
    };
  } finally {
    await arena.stop();
    await redis.stop();
  }
}

export const overload: readonly Scenario[] = [
  {
    name: 'overload',
    covers: [56, 63],
    what: '2000 introspections at once, without end, on one server; revocations meanwhile',
    inQuickSet: false,
    mostGrowthMb: 150,
    run: overloaded,
  },
];
