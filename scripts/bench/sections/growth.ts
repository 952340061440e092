import type { ClientId } from '../../../src/domain/ids.js';
import { startRedis } from '../../../test/support/redis.js';
import { bareRedis } from '../../../test/support/redis-store.js';
import { ADMIN_HEADER, INTROSPECT, ISSUE, introspectBody, issueBody } from '../calls.js';
import { BenchWatcher } from '../feed-watchers.js';
import { type Figure, type Findings, figure, verdict } from '../figures.js';
import { nthClient, putClients, putFeedEntries, putRevokedTokens, usedBytes } from '../fill-redis.js';
import { isActive, isToken, loadGrpcEach } from '../load-each.js';
import { CLIENT_ID, issueTokens, type OurServer, registerClient, startOurServer } from '../our-server.js';
import { residentMb } from '../processes.js';
import { anew, median } from '../rounds.js';
import { type Stage, withThings } from '../stage.js';

const MB = 1024 * 1024;

/** What many clients and many revocations cost: rates, Redis's memory, and the snapshot that a new watcher gets. */
export async function growth(stage: Stage): Promise<Findings> {
  const clients = await manyClients(stage);
  const revocations = await manyRevocations(stage);
  return {
    figures: [...clients.figures, ...revocations.figures],
    verdicts: [...clients.verdicts, ...revocations.verdicts],
    notes: [
      'Issue rates here are with another client in each call, by a client in Node: to be compared with one another only.',
    ],
  };
}

const manyClients = (stage: Stage): Promise<Findings> =>
  withThings(async (add) => {
    const redis = await add(startRedis());
    const server = await add(startOurServer(redis.url));
    const secret = await registerClient(server, CLIENT_ID);
    const bare = bareRedis(redis);
    const calls = stage.count(8_000, 300);
    const steps = stage.smoke ? [100, 1_000] : [100, 10_000, 1_000_000];

    /** One call for each of so many clients, spread over all there are. */
    const rateAmong = (there: number): Promise<number> => {
      const bodies = Array.from({ length: calls }, (_, i) =>
        issueBody(secret, nthClient((i * 7919) % there)),
      );
      const run = async (): Promise<number> =>
        (await loadGrpcEach(server.ports.grpc, ISSUE, bodies, {}, isToken)).requestsPerSecond;
      return anew({ name: `${there} clients`, run }, stage.progress);
    };

    const figures: Figure[] = [];
    const rates = new Map<number, number[]>();
    let there = 0;
    const emptyBytes = await usedBytes(bare);
    for (const step of steps) {
      await putClients(bare, CLIENT_ID as ClientId, there, step);
      there = step;
      stage.progress(`${step} clients`);
      await rateAmong(step);
      const few = steps[0] ?? 0;
      const found: number[] = [];
      const beside: number[] = [];
      // In turn with the few, so that what slows the machine for a while slows both.
      for (let round = 0; round < stage.rounds; round += 1) {
        found.push(await rateAmong(step));
        beside.push(await rateAmong(few));
      }
      rates.set(
        step,
        found.map((rate, round) => rate / (beside[round] ?? Number.NaN)),
      );
      figures.push(figure(`${step} clients, issue rate`, 'tokens/s', found));
      figures.push(
        figure(`${step} clients, issue rate ÷ that among 100 of them`, '×', rates.get(step) ?? []),
      );
    }
    const most = steps.at(-1) ?? 0;
    const bytesEach = ((await usedBytes(bare)) - emptyBytes) / most;
    bare.disconnect();
    return {
      figures,
      verdicts: [
        verdict(`Issue rate among ${most} clients ÷ that among 100`, '×', rates.get(most) ?? [], [
          'at least',
          0.95,
        ]),
        verdict('Redis for a client', 'bytes', [bytesEach], ['at most', 700]),
      ],
    };
  });

const manyRevocations = (stage: Stage): Promise<Findings> =>
  withThings(async (add) => {
    const redis = await add(startRedis());
    const server = await add(startOurServer(redis.url));
    const secret = await registerClient(server, CLIENT_ID);
    const bare = bareRedis(redis);
    const count = stage.count(1_000_000, 5_000);
    const clients = stage.count(100_000, 500);
    const forgetAt = Math.floor(Date.now() / 1000) + 86_400;
    const tokens = await issueTokens(server, CLIENT_ID, secret, stage.count(4_000, 200));
    const rate = () =>
      anew({ name: 'introspection', run: () => introspectionRate(server, tokens) }, stage.progress);

    await rate();
    const before = [await rate(), await rate(), await rate()];
    const emptyBytes = await usedBytes(bare);
    await putRevokedTokens(bare, count, forgetAt);
    const revokedBytes = await usedBytes(bare);
    stage.progress(`${count} revoked tokens`);
    const after = [await rate(), await rate(), await rate()];
    const snapshot = await snapshotOf(server);
    stage.progress(`snapshot of ${count}`);
    await putFeedEntries(bare, count, forgetAt);
    const feedBytes = await usedBytes(bare);
    await putClients(bare, CLIENT_ID as ClientId, 0, clients);
    const allBytes = await usedBytes(bare);
    bare.disconnect();
    const revokedEach = (revokedBytes - emptyBytes) / count;
    return {
      figures: [
        figure('introspection rate without revoked tokens', 'answers/s', before),
        figure(`introspection rate with ${count} revoked tokens`, 'answers/s', after),
        figure(`snapshot of ${count} revoked tokens, to the first heartbeat`, 'ms', [snapshot.ms]),
        figure(`snapshot of ${count} revoked tokens, server's memory on top`, 'MB', [snapshot.mb]),
        figure('Redis for a feed entry', 'bytes', [(feedBytes - revokedBytes) / count]),
        figure('introspection rate, with ÷ without', '×', [median(after) / median(before)]),
      ],
      verdicts: [
        verdict('Redis for a revoked token', 'bytes', [revokedEach], ['at most', 150]),
        verdict(
          `Redis for ${clients} clients, ${count} revoked tokens, ${count} feed entries`,
          'MB',
          [allBytes / MB],
          ['at most', 300],
        ),
      ],
    };
  });

async function introspectionRate(server: OurServer, tokens: readonly string[]): Promise<number> {
  const bodies = tokens.map(introspectBody);
  return (await loadGrpcEach(server.ports.grpc, INTROSPECT, bodies, ADMIN_HEADER, isActive))
    .requestsPerSecond;
}

/** How long a watcher waits for the whole ledger, and what the server takes for it. */
async function snapshotOf(server: OurServer): Promise<{ readonly ms: number; readonly mb: number }> {
  const emptyMb = residentMb(server.pid);
  const started = performance.now();
  const watcher = new BenchWatcher(server.ports.grpc, ADMIN_HEADER.authorization, () => undefined);
  let mostMb = emptyMb;
  const looking = setInterval(() => {
    mostMb = Math.max(mostMb, residentMb(server.pid));
  }, 20);
  await watcher.fresh;
  const ms = performance.now() - started;
  clearInterval(looking);
  watcher.close();
  return { ms, mb: mostMb - emptyMb };
}
