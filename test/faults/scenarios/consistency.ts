import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../support/redis.js';
import { type Arena, startArena } from '../arena.js';
import { check, DEFAULT_BOUNDS } from '../checker.js';
import type { Registered, Stubs } from '../clients-under-test.js';
import { endings, judged, sentWithin, sleep } from '../judged.js';
import { atLeast, atMost, type Scenario, type ScenarioResult, type ScenarioRun, told } from '../scenario.js';

/** Runs a task over and over on several clients at once, each client's own in order. */
async function onEach(
  arena: Arena,
  times: number,
  task: (client: Registered) => Promise<void>,
): Promise<void> {
  const share = Math.ceil(times / arena.clients.length);
  await Promise.all(
    arena.clients.map(async (client) => {
      for (let time = 0; time < share; time += 1) await task(client);
    }),
  );
}

async function calmly(
  run: ScenarioRun,
  act: (arena: Arena) => Promise<ScenarioResult['figures']>,
): Promise<ScenarioResult> {
  const redis = await startRedis();
  const arena = await startArena({ storeFor: () => redis.url, run, clients: 16 });
  try {
    const figures = await act(arena);
    return { figures, violations: check(arena.recorder.history(), DEFAULT_BOUNDS) };
  } finally {
    await arena.stop();
    await redis.stop();
  }
}

const verdictOf = async (at: Stubs, token: string | undefined): Promise<string> => {
  const { outcome } = await at.introspect(token ?? '');
  return outcome.kind === 'ok' ? (outcome.verdict ?? 'ok') : outcome.kind;
};

/** A token, the client's revocation, its return, another token, all as fast as can be: the first dead, the second not. */
const sameInstant = (run: ScenarioRun): Promise<ScenarioResult> =>
  calmly(run, async (arena) => {
    const times = run.quick ? 800 : 10_000;
    const seen = { times: 0, oldDead: 0, newAlive: 0 };
    await onEach(arena, times, async (client) => {
      const [one, other] = arena.random.below(2) === 0 ? arena.stubs : [...arena.stubs].reverse();
      if (one === undefined || other === undefined) return;
      const first = await one.issue(client);
      const revoked = await other.revokeClient(client.clientId);
      const reinstated = await one.reinstateClient(client.clientId);
      const second = await other.issue(client);
      if ([first, revoked, reinstated, second].some(({ outcome }) => outcome.kind !== 'ok')) return;
      seen.times += 1;
      const [old, fresh] = await Promise.all([verdictOf(one, first.token), verdictOf(one, second.token)]);
      if (old === 'inactive') seen.oldDead += 1;
      if (fresh === 'active') seen.newAlive += 1;
    });
    return [
      // Some may be UNAVAILABLE on a busy machine; those show nothing.
      atLeast('times', seen.times, times * 0.99),
      atMost('tokens of before the revocation that live', seen.times - seen.oldDead, 0),
      atMost('tokens of after the reinstatement that are dead', seen.times - seen.newAlive, 0),
    ];
  });

/** Issuers race with revocations of the same clients; the oracle judges, and both servers must agree in the end. */
const racing = (run: ScenarioRun): Promise<ScenarioResult> =>
  calmly(run, async (arena) => {
    const { recorder, random } = arena;
    const tokens: { readonly clientId: string; readonly tokenId: string; readonly token: string }[] = [];
    const few = arena.clients.slice(0, 4);
    let running = true;
    const issuing = Array.from({ length: 32 }, async () => {
      while (running) {
        const client = random.pick(few);
        const at = random.pick(arena.stubs);
        await recorder.record({ kind: 'issue', at: at.name, clientId: client.clientId }, async () => {
          const { outcome, token, tokenId } = await at.issue(client);
          if (token === undefined || tokenId === undefined) return { outcome };
          tokens.push({ clientId: client.clientId, tokenId, token });
          return { outcome, tokenId };
        });
      }
    });
    const endMs = performance.now() + (run.quick ? 3000 : 20_000);
    let revocations = 0;
    while (performance.now() < endMs) {
      const { clientId } = random.pick(few);
      const at = random.pick(arena.stubs);
      await recorder.record({ kind: 'revokeClientTokens', at: at.name, clientId }, () =>
        at.revokeClientTokens(clientId),
      );
      revocations += 1;
      await sleep(random.below(30));
    }
    running = false;
    await Promise.all(issuing);
    let disagreements = 0;
    for (const { clientId, tokenId, token } of tokens.slice(-4000)) {
      const verdicts = await Promise.all(
        arena.stubs.map((at) =>
          recorder.record({ kind: 'introspect', at: at.name, clientId, tokenId }, () => at.introspect(token)),
        ),
      );
      if (new Set(verdicts.map((outcome) => JSON.stringify(outcome))).size > 1) disagreements += 1;
    }
    return [
      atLeast('tokens issued', tokens.length, 100),
      atLeast('revocations', revocations, 20),
      atMost('tokens on which the servers disagree', disagreements, 0),
    ];
  });

const acrossReplicas = (run: ScenarioRun): Promise<ScenarioResult> =>
  calmly(run, async (arena) => {
    const pairs = run.quick ? 1000 : 10_000;
    const seen = { pairs: 0, stale: 0 };
    await onEach(arena, pairs, async (client) => {
      const [one, other] = arena.random.below(2) === 0 ? arena.stubs : [...arena.stubs].reverse();
      if (one === undefined || other === undefined) return;
      const { token } = await one.issue(client);
      await verdictOf(other, token);
      const { outcome } = await one.revokeToken(token ?? '');
      if (outcome.kind !== 'ok') return;
      const verdict = await verdictOf(other, token);
      seen.pairs += 1;
      if (verdict !== 'inactive') seen.stale += 1;
    });
    return [
      atLeast('pairs', seen.pairs, pairs * 0.99),
      atMost('read as active by the other server', seen.stale, 0),
    ];
  });

const LIBFAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/** One server's clock is set wrong and wronger, live; the other's and the verifiers' are right. */
async function skewed(run: ScenarioRun): Promise<ScenarioResult> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-skew-'));
  const file = join(directory, 'offset');
  writeFileSync(file, '+0s');
  const redis = await startRedis();
  try {
    const options = {
      storeFor: () => redis.url,
      settingsFor: (server: number): Record<string, string> =>
        server === 0
          ? {
              LD_PRELOAD: LIBFAKETIME,
              FAKETIME_TIMESTAMP_FILE: file,
              FAKETIME_CACHE_DURATION: '1',
              FAKETIME_DONT_FAKE_MONOTONIC: '1',
            }
          : {},
    };
    return await judged(run, options, async ({ arena, crew }) => {
      const figures = [];
      const offsets = run.quick ? [-60, 300] : [5, -5, 10, -10, 30, -30, 60, -60, 300, -300];
      const skews: number[] = [];
      for (const offset of [...offsets, 0]) {
        writeFileSync(file, `${offset >= 0 ? '+' : ''}${offset}s`);
        const fromMs = performance.now();
        await sleep(2500);
        const calls = sentWithin(arena.recorder.history(), fromMs + 1500, performance.now());
        const failed = calls.filter(({ kind, outcome }) => kind !== 'verify' && outcome.kind === 'unknown');
        skews.push(...clockOf(arena));
        figures.push(
          told(`${offset} s`, endings(calls)),
          atMost(`${offset} s: calls and checks that failed`, failed.length, 0),
        );
      }
      const furthest = Math.max(...skews.map(Math.abs));
      return [
        ...figures,
        // Else nothing was skewed, and all of this shows nothing.
        atLeast('the furthest that the server’s own log was off', furthest, 55, ' s'),
        told('verifiers stopped being fresh', `${crew.stalls()} times`),
      ];
    });
  } finally {
    await redis.stop();
    rmSync(directory, { recursive: true });
  }
}

/** How far off the times in the first server's log are, in s, of what it wrote last. */
function clockOf({ servers }: Arena): readonly number[] {
  const last = servers[0]?.logLines().at(-1)?.time;
  return typeof last === 'string' ? [(Date.parse(last) - Date.now()) / 1000] : [];
}

export const consistency: readonly Scenario[] = [
  {
    name: 'same-instant',
    covers: [43],
    what: 'issue, revoke the client, reinstate it, issue again, as fast as can be, on either server',
    inQuickSet: true,
    run: sameInstant,
  },
  {
    name: 'racing-issuers',
    covers: [43, 44],
    what: '32 issuers of four clients race with revocations of all their tokens',
    inQuickSet: true,
    run: racing,
  },
  {
    name: 'read-your-revocation',
    covers: [45],
    what: 'a token revoked on one server and at once introspected on the other, which knew it as active',
    inQuickSet: true,
    run: acrossReplicas,
  },
  {
    name: 'clock-skew',
    covers: [42],
    what: 'one server’s clock set up to 300 s wrong and back, live (libfaketime), under load',
    inQuickSet: false,
    run: skewed,
  },
];
