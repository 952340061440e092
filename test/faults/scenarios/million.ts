import { Redis } from 'ioredis';
import { nthToken, putClients, putFeedEntries, putRevokedTokens } from '../../../scripts/bench/fill-redis.js';
import type { ClientId } from '../../../src/domain/ids.js';
import { eventually } from '../../support/eventually.js';
import { residentMb } from '../../support/process-facts.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import type { ServerProcess } from '../../support/server-process.js';
import { type Arena, startArena } from '../arena.js';
import { check, DEFAULT_BOUNDS } from '../checker.js';
import type { Stubs } from '../clients-under-test.js';
import { quantile, sleep } from '../judged.js';
import { readLedger } from '../ledger-reader.js';
import type { IssuedToken } from '../load.js';
import { atLeast, atMost, type Scenario, type ScenarioResult, type ScenarioRun, told } from '../scenario.js';

const MILLION = 1_000_000;
const CLIENTS = 100_000;
const MB = 1024 * 1024;
const REVOKED_EVERY_MS = 10;
const LONG_SECONDS = 86_400;
const PATIENCE_MS = 40_000;
/** 34 MB of it are the snapshot, which is encoded once and held for all who read it. */
const MOST_SNAPSHOT_MB = 64;

const forgetAt = (): number => Math.floor(Date.now() / 1000) + LONG_SECONDS;
const rawOf = ({ host, port }: TestRedis): Redis => new Redis({ host, port });

/** Tokens of the arena's clients, in batches. */
async function issueMany({ clients, stubs }: Arena, count: number): Promise<readonly IssuedToken[]> {
  const [at] = stubs as [Stubs];
  const tokens: IssuedToken[] = [];
  while (tokens.length < count) {
    const batch = await Promise.all(
      clients.map(async (client) => ({ clientId: client.clientId, ...(await at.issue(client)) })),
    );
    for (const { clientId, token, tokenId } of batch) {
      if (token !== undefined && tokenId !== undefined) tokens.push({ clientId, token, tokenId });
    }
  }
  return tokens;
}

/** A snapshot of a million revocations, while more are made: nobody who was told OK may be missing from it. */
async function snapshotOfMillion(run: ScenarioRun): Promise<ScenarioResult> {
  const redis = await startRedis();
  const raw = rawOf(redis);
  const arena = await startArena({ storeFor: () => redis.url, run, servers: 1 });
  try {
    const [at] = arena.stubs as [Stubs];
    const server = arena.servers[0] as ServerProcess;
    const tokens = await issueMany(arena, 3000);
    await putRevokedTokens(raw, MILLION, forgetAt());
    run.progress('a million revoked');

    const revoked: string[] = [];
    const took: number[] = [];
    let running = true;
    const revoke = async ({ clientId, tokenId, token }: IssuedToken): Promise<void> => {
      const began = performance.now();
      const outcome = await arena.recorder.record(
        { kind: 'revokeToken', at: at.name, clientId, tokenId },
        () => at.revokeToken(token),
      );
      took.push(performance.now() - began);
      if (outcome.kind === 'ok') revoked.push(tokenId);
    };
    // At their own pace, whatever each takes.
    const revoking = (async () => {
      const under: Promise<void>[] = [];
      const began = performance.now();
      for (const token of tokens) {
        if (!running) break;
        under.push(revoke(token));
        await sleep(Math.max(0, began + under.length * REVOKED_EVERY_MS - performance.now()));
      }
      await Promise.all(under);
    })();
    await sleep(1000);
    const before = { mb: residentMb(server.pid), revoked: revoked.length };
    let mostMb = before.mb;
    let slowestPingMs = 0;
    const looking = setInterval(async () => {
      mostMb = Math.max(mostMb, residentMb(server.pid));
      const began = performance.now();
      await raw.ping().catch(() => undefined);
      slowestPingMs = Math.max(slowestPingMs, performance.now() - began);
    }, 20);
    const began = performance.now();
    const reader = readLedger(at);
    await reader.whole.finally(() => clearInterval(looking));
    const wholeMs = performance.now() - began;
    const meanwhile = revoked.length - before.revoked;
    running = false;
    await revoking;
    const unheard = (): number => revoked.filter((id) => !reader.ids.has(id)).length;
    // The last of them may be under way.
    await eventually(() => {
      if (unheard() > 0) throw new Error('not all are there yet');
    }, PATIENCE_MS).catch(() => undefined);
    let missing = unheard();
    for (let n = 0; n < MILLION; n += 1) if (!reader.ids.has(nthToken(n))) missing += 1;
    reader.close();
    return {
      figures: [
        atMost('the snapshot took', wholeMs / 1000, 10, ' s'),
        atLeast('revoked while it was read', meanwhile, 10),
        told('revoked per second', Math.round((meanwhile / wholeMs) * 1000)),
        told('a revocation took', `p50 ${quantile(took, 0.5)} ms, p99 ${quantile(took, 0.99)} ms`),
        atMost(`missing of ${MILLION + revoked.length}`, missing, 0),
        atMost('memory of the server at most, beyond before', mostMb - before.mb, MOST_SNAPSHOT_MB, ' MB'),
        told('the slowest PING of Redis meanwhile', `${Math.round(slowestPingMs)} ms`),
      ],
      violations: check(arena.recorder.history(), DEFAULT_BOUNDS),
    };
  } finally {
    raw.disconnect();
    await arena.stop();
    await redis.stop();
  }
}

/** How long introspections of a few tokens take, p99 of so many from a few callers. */
async function introspectionP99(at: Stubs, tokens: readonly IssuedToken[], count: number): Promise<number> {
  const took: number[] = [];
  const caller = async (): Promise<void> => {
    while (took.length < count) {
      const began = performance.now();
      const { outcome } = await at.introspect(tokens[took.length % tokens.length]?.token ?? '');
      if (outcome.kind !== 'ok' || outcome.verdict !== 'active') throw new Error(JSON.stringify(outcome));
      took.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: 4 }, caller));
  return quantile(took, 0.99);
}

const ROUNDS = 7;
const CALLS_A_ROUND = 1500;
/** Beyond any noise: a search through what there is would take a hundred times as long. */
const MOST_TIMES = 2;

/** What a store with much in it costs, beside one with nothing. */
async function millionEntries(run: ScenarioRun): Promise<ScenarioResult> {
  const [redis, bare] = await Promise.all([startRedis(), startRedis()]);
  const raw = rawOf(redis);
  const full = await startArena({ storeFor: () => redis.url, run, servers: 1 });
  const empty = await startArena({ storeFor: () => bare.url, run, servers: 1 });
  try {
    await putClients(raw, (full.clients[0]?.clientId ?? '') as ClientId, 0, CLIENTS);
    await putRevokedTokens(raw, MILLION, forgetAt());
    await putFeedEntries(raw, MILLION, forgetAt());
    run.progress('all of it is there');
    const memory = await raw.info('memory');
    const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1]) / MB;

    await full.servers[0]?.kill();
    const began = performance.now();
    await full.restart(0);
    await full.allReady();
    const startMs = performance.now() - began;

    const [one, other] = [full.stubs[0], empty.stubs[0]] as [Stubs, Stubs];
    await eventually(async () => {
      if ((await one.introspect('x')).outcome.kind !== 'ok') throw new Error('not connected again yet');
    });
    const tokens = { full: await issueMany(full, 200), empty: await issueMany(empty, 200) };
    const ratios: number[] = [];
    const seen: { full: number[]; empty: number[] } = { full: [], empty: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const fullMs = await introspectionP99(one, tokens.full, CALLS_A_ROUND);
      const emptyMs = await introspectionP99(other, tokens.empty, CALLS_A_ROUND);
      seen.full.push(fullMs);
      seen.empty.push(emptyMs);
      ratios.push(fullMs / emptyMs);
    }
    const ratio = quantile(ratios, 0.5);
    return {
      figures: [
        told(
          'put into Redis',
          `${CLIENTS} clients, ${MILLION} revoked tokens, ${MILLION} changes of the feed`,
        ),
        atMost('Redis: memory used', field('used_memory'), 300, ' MB'),
        atMost('Redis: resident', field('used_memory_rss'), 400, ' MB'),
        atMost('a server that starts on it is ready after', startMs / 1000, 10, ' s'),
        told(
          `introspection, p99, median of ${ROUNDS} rounds in turn`,
          `${quantile(seen.full, 0.5)} ms, beside ${quantile(seen.empty, 0.5)} ms on an empty store (aim: within 20 %)`,
        ),
        atMost('the one divided by the other, median of the rounds', ratio, MOST_TIMES),
      ],
      violations: [],
    };
  } finally {
    raw.disconnect();
    await Promise.all([full.stop(), empty.stop()]);
    await Promise.all([redis.stop(), bare.stop()]);
  }
}

export const million: readonly Scenario[] = [
  {
    name: 'snapshot-million',
    covers: [34],
    what: 'a verifier that begins with nothing reads a million revocations while a hundred more are made each second',
    inQuickSet: false,
    run: snapshotOfMillion,
  },
  {
    name: 'million-entries',
    covers: [60],
    what: 'a hundred thousand clients, a million revoked tokens and a million changes of the feed, beside a store without',
    inQuickSet: false,
    run: millionEntries,
  },
];
