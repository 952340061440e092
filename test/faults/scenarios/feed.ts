import { Redis } from 'ioredis';
import { createVerifier, type Verifier } from '../../../src/sdk/verifier.js';
import { eventually } from '../../support/eventually.js';
import { startRedis } from '../../support/redis.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { ADMIN, type Arena, ISSUER, startArena } from '../arena.js';
import { AUDIENCE, type Stubs } from '../clients-under-test.js';
import { type Ground, judged, quantile, sentWithin, sleep } from '../judged.js';
import {
  atLeast,
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';

/** Verifier 0 has both servers, the first through the proxy; verifier 1 has the proxy alone and denies when unsure. */
async function throughProxy(
  run: ScenarioRun,
  harm: (proxy: TcpProxy, ground: Ground, redis: Redis) => Promise<readonly Figure[]>,
): Promise<ScenarioResult> {
  const redis = await startRedis();
  const raw = new Redis({ host: redis.host, port: redis.port });
  const target = { host: '127.0.0.1', port: 0 };
  const proxy = await startTcpProxy(target);
  try {
    const options = {
      storeFor: () => redis.url,
      crew: {
        count: 2,
        addressesFor: (verifier: number, addresses: readonly string[]): readonly string[] => {
          target.port = Number(addresses[0]?.split(':')[1]);
          const through = `127.0.0.1:${proxy.port}`;
          return verifier === 0 ? [through, addresses[1] ?? ''] : [through];
        },
        onStale: 'deny' as const,
      },
    };
    return await judged(run, options, (ground) => harm(proxy, ground, raw));
  } finally {
    raw.disconnect();
    await proxy.stop();
    await redis.stop();
  }
}

const becomesStale = async (verifier: Verifier): Promise<number> => {
  const fromMs = performance.now();
  while (verifier.staleness() <= 1500) await sleep(5);
  return performance.now() - fromMs;
};

const acceptedBy = ({ recorder }: Arena, at: string, fromMs: number, toMs: number): number =>
  sentWithin(recorder.history(), fromMs, toMs).filter(
    (one) => one.at === at && one.outcome.kind === 'ok' && one.outcome.verdict === 'active',
  ).length;

export const feed: readonly Scenario[] = [
  {
    name: 'feed-stalled',
    covers: [31],
    what: 'the verifiers’ connection goes dark without a word (no FIN): one has another server, one has none and denies',
    inQuickSet: true,
    run: (run) =>
      throughProxy(run, async (proxy, { arena, crew }) => {
        const [two, one] = crew.verifiers as [Verifier, Verifier];
        const stale: number[] = [];
        let accepted = 0;
        let elsewhere = 0;
        const times = run.quick ? 1 : 5;
        for (let time = 0; time < times; time += 1) {
          proxy.blackhole(true);
          stale.push(await becomesStale(one));
          const staleMs = performance.now();
          await eventually(() => {
            if (two.staleness() > 1500) throw new Error('the other is not fresh');
          });
          await sleep(2500);
          accepted += acceptedBy(arena, 'verifier-1', staleMs + 20, performance.now());
          if (two.staleness() <= 1500) elsewhere += 1;
          proxy.blackhole(false);
          proxy.resetAll();
          await Promise.all(crew.verifiers.map((verifier) => verifier.ready(20_000)));
          await sleep(300);
        }
        return [
          told('times', times),
          atMost('without another server: no longer fresh after', Math.max(...stale), 2500, ' ms'),
          atMost('without another server: accepted while not fresh', accepted, 0),
          atLeast(`with another server: fresh all the same, of ${times}`, elsewhere, times),
        ];
      }),
  },
  {
    name: 'feed-cut',
    covers: [30, 32],
    what: 'the verifiers’ connections reset again and again; each time the feed is trimmed to nothing behind their backs',
    inQuickSet: true,
    run: (run) =>
      throughProxy(run, async (proxy, { crew }, redis) => {
        const back: number[] = [];
        const times = run.quick ? 5 : 25;
        for (let time = 0; time < times; time += 1) {
          proxy.blackhole(true);
          await sleep(300);
          await redis.xtrim('{countersign}:feed', 'MAXLEN', 0);
          proxy.blackhole(false);
          proxy.resetAll();
          const fromMs = performance.now();
          await sleep(50);
          await Promise.all(crew.verifiers.map((verifier) => verifier.ready(20_000)));
          back.push(performance.now() - fromMs);
          await sleep(300);
        }
        return [
          told('times', times),
          told('fresh again after', `p50 ${quantile(back, 0.5)} ms, at most ${quantile(back, 1)} ms`),
        ];
      }),
  },
  {
    name: 'feed-herd',
    covers: [38],
    what: '200 verifiers of one server, which is killed and started again; revocations go on',
    inQuickSet: false,
    run: herd,
  },
];

async function herd(run: ScenarioRun): Promise<ScenarioResult> {
  const count = run.quick ? 50 : 200;
  const redis = await startRedis();
  const arena = await startArena({ storeFor: () => redis.url, run });
  const verifiers: Verifier[] = [];
  try {
    for (let i = 0; i < count; i += 1) {
      verifiers.push(
        createVerifier({
          address: arena.addresses[0] ?? '',
          issuer: ISSUER,
          audience: AUDIENCE,
          credential: { clientId: ADMIN.id, clientSecret: ADMIN.secret },
          onStale: 'deny',
        }),
      );
    }
    await Promise.all(verifiers.map((verifier) => verifier.ready(60_000)));
    const [, other] = arena.stubs as [Stubs, Stubs];
    const tokens = await Promise.all(arena.clients.map((client) => other.issue(client)));
    await arena.servers[0]?.kill();
    const revoked = await Promise.all(tokens.slice(0, 10).map(({ token = '' }) => other.revokeToken(token)));
    await sleep(1700);
    await arena.restart(0);
    const fromMs = performance.now();
    await Promise.all(verifiers.map((verifier) => verifier.ready(60_000)));
    const freshMs = performance.now() - fromMs;
    let wrong = 0;
    for (const verifier of verifiers) {
      for (const [index, { token = '' }] of tokens.entries()) {
        const accepted = await verifier.verify(token).then(
          () => true,
          () => false,
        );
        if (accepted === index < 10) wrong += 1;
      }
    }
    return {
      figures: [
        atLeast(
          'revoked while they were away, of 10',
          revoked.filter(({ outcome }) => outcome.kind === 'ok').length,
          10,
        ),
        atMost(`all ${count} fresh after`, freshMs / 1000, 20, ' s'),
        atMost(`wrong answers of ${count * tokens.length}`, wrong, 0),
      ],
      violations: [],
    };
  } finally {
    for (const verifier of verifiers) verifier.close();
    await arena.stop();
    await redis.stop();
  }
}
