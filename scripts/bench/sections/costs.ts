import type { Redis } from 'ioredis';
import type { ClientId } from '../../../src/domain/ids.js';
import { startRedis } from '../../../test/support/redis.js';
import { bareRedis } from '../../../test/support/redis-store.js';
import { ADMIN_HEADER, INTROSPECT, ISSUE, introspectBody, issueBody } from '../calls.js';
import { BenchWatcher } from '../feed-watchers.js';
import { type Figure, type Findings, figure } from '../figures.js';
import { nthClient, putClients } from '../fill-redis.js';
import { isActive, isToken, loadGrpcEach } from '../load-each.js';
import { CLIENT_ID, issueTokens, type OurServer, registerClient, startOurServer } from '../our-server.js';
import { cpuSeconds } from '../processes.js';
import { type Stage, withThings } from '../stage.js';

const MICROSECONDS = 1e6;

/** What one call and one watcher take of processors and networks: what CAPACITY.md reckons with. */
export const costs = (stage: Stage): Promise<Findings> =>
  withThings(async (add) => {
    const redis = await add(startRedis());
    const server = await add(startOurServer(redis.url));
    const bare = bareRedis(redis);
    const secret = await registerClient(server, CLIENT_ID);
    const n = stage.count(4_000, 200);
    // Another client in each call: calls of one client that come together share what is asked of Redis.
    await putClients(bare, CLIENT_ID as ClientId, 0, n);
    const issueBodies = Array.from({ length: n }, (_, i) => issueBody(secret, nthClient(i)));
    const introspectBodies = (await issueTokens(server, CLIENT_ID, secret, n)).map(introspectBody);
    const { grpc } = server.ports;
    const issue = () => loadGrpcEach(grpc, ISSUE, issueBodies, {}, isToken);
    const introspect = () => loadGrpcEach(grpc, INTROSPECT, introspectBodies, ADMIN_HEADER, isActive);
    await issue();
    await introspect();
    const figures = [
      ...(await costsOf('IssueToken', n, issue, server, bare)),
      ...(await costsOf('IntrospectToken, repeated', n, introspect, server, bare)),
      ...(await costsOfWatching(stage, server)),
    ];
    bare.disconnect();
    return { figures, verdicts: [] };
  });

async function costsOf(
  what: string,
  count: number,
  load: () => Promise<unknown>,
  server: OurServer,
  redis: Redis,
): Promise<readonly Figure[]> {
  const before = { server: cpuSeconds(server.pid), redis: await redisUse(redis) };
  await load();
  const after = { server: cpuSeconds(server.pid), redis: await redisUse(redis) };
  const each = (end: number, start: number, scale = 1): number[] => [((end - start) / count) * scale];
  return [
    figure(`${what}, server's CPU time`, 'µs', each(after.server, before.server, MICROSECONDS)),
    figure(
      `${what}, Redis's CPU time`,
      'µs',
      each(after.redis.cpuSeconds, before.redis.cpuSeconds, MICROSECONDS),
    ),
    figure(`${what}, server to Redis`, 'bytes', each(after.redis.bytesIn, before.redis.bytesIn)),
    figure(`${what}, Redis to server`, 'bytes', each(after.redis.bytesOut, before.redis.bytesOut)),
  ];
}

async function redisUse(redis: Redis) {
  const info = `${await redis.info('cpu')}${await redis.info('stats')}`;
  const value = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return {
    cpuSeconds: value('used_cpu_sys') + value('used_cpu_user'),
    bytesIn: value('total_net_input_bytes'),
    bytesOut: value('total_net_output_bytes'),
  };
}

/** What many who watch in silence cost by their heartbeats. */
async function costsOfWatching(stage: Stage, server: OurServer): Promise<readonly Figure[]> {
  const count = stage.count(500, 10);
  const seconds = stage.count(20, 2);
  const watchers = Array.from(
    { length: count },
    () => new BenchWatcher(server.ports.grpc, ADMIN_HEADER.authorization, () => undefined),
  );
  await Promise.all(watchers.map(({ fresh }) => fresh));
  const read = (): number => watchers.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const before = { bytes: read(), cpu: cpuSeconds(server.pid) };
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const bytes = read() - before.bytes;
  const cpu = cpuSeconds(server.pid) - before.cpu;
  for (const watcher of watchers) watcher.close();
  return [
    figure('a watcher in silence, network', 'bytes/s', [bytes / count / seconds]),
    figure('a watcher in silence, server’s CPU time', 'µs/s', [(cpu / count / seconds) * MICROSECONDS]),
  ];
}
