import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { ClientServiceClient } from '../../src/wire/gen/countersign/v1/client_service.js';
import { eventually } from '../../test/support/eventually.js';
import { startRedis } from '../../test/support/redis.js';
import { bareRedis } from '../../test/support/redis-store.js';
import { BenchWatcher } from './feed-watchers.js';
import { ADMIN, basic, registerClient, settled, startOurServer } from './our-server.js';
import { residentMb } from './processes.js';

const SETTLE_MS = 3000;
const OPENED_AT_ONCE = 50;

/** What was measured with so many watchers. */
export interface FeedRow {
  readonly watchers: number;
  /** In ms, from the answer of RevokeClient, and from its request. */
  readonly afterAnswer: Spread;
  readonly afterRequest: Spread;
  readonly kib: number;
  readonly readers: number;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** Revokes over and over while so many watch, on a Redis and a server of its own. */
export async function measureFeed(watchers: number, revocations: number): Promise<FeedRow> {
  const redis = await startRedis({ appendonly: 'yes' });
  const server = await startOurServer(redis.url);
  const stub = new ClientServiceClient(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  const authorization = basic(ADMIN.id, ADMIN.secret);
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  const revoke = () =>
    settled((done) => stub.revokeClient({ clientId: 'load', reason: 'benchmark' }, metadata, done));
  await eventually(() => registerClient(server, 'load').catch(unlessExists));
  // So that what the first calls cost is not laid to the watchers.
  for (let warm = 0; warm < 20; warm += 1) await eventually(revoke);
  await pause(SETTLE_MS);
  const emptyMb = residentMb(server.pid);

  /** The sequence of the change that is waited for; what came before is of no interest. */
  let expected = Number.POSITIVE_INFINITY;
  let newest = 0;
  let received: number[] = [];
  let all: () => void = () => undefined;
  const seen = ({ kind, sequence }: { kind: string; sequence: number }): void => {
    if (sequence > newest) newest = sequence;
    if (kind !== 'change' || sequence !== expected) return;
    received.push(performance.now());
    if (received.length === watchers) all();
  };
  const open: BenchWatcher[] = [];
  while (open.length < watchers) {
    const batch = Array.from(
      { length: Math.min(OPENED_AT_ONCE, watchers - open.length) },
      () => new BenchWatcher(server.ports.grpc, authorization, seen),
    );
    open.push(...batch);
    await Promise.all(batch.map(({ fresh }) => fresh));
  }
  await pause(SETTLE_MS);
  const kib = ((residentMb(server.pid) - emptyMb) * 1024) / watchers;
  const readers = await readersOf(redis);

  const afterAnswer: number[] = [];
  const afterRequest: number[] = [];
  for (let count = 0; count < revocations; count += 1) {
    expected = newest + 1;
    received = [];
    const everywhere = new Promise<void>((resolve) => {
      all = resolve;
    });
    const sentMs = performance.now();
    await eventually(revoke);
    const answeredMs = performance.now();
    await everywhere;
    afterAnswer.push(...received.map((atMs) => Math.max(0, atMs - answeredMs)));
    afterRequest.push(...received.map((atMs) => atMs - sentMs));
  }
  for (const watcher of open) watcher.close();
  stub.close();
  await server.stop();
  await redis.stop();
  return { watchers, afterAnswer: spreadOf(afterAnswer), afterRequest: spreadOf(afterRequest), kib, readers };
}

function spreadOf(values: number[]): Spread {
  values.sort((a, b) => a - b);
  const at = (share: number): number =>
    values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), worst: at(1) };
}

/** Connections on which the feed is read. */
async function readersOf(place: { readonly host: string; readonly port: number }): Promise<number> {
  const bare = bareRedis(place);
  const list = String(await bare.call('CLIENT', 'LIST'));
  bare.disconnect();
  return list.split('\n').filter((line) => line.includes('name=countersign-feed')).length;
}

/** An attempt whose answer was lost may have succeeded. */
function unlessExists(error: ServiceError): void {
  if (error.code !== status.ALREADY_EXISTS) throw error;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
