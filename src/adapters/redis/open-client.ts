import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisTarget } from './store-url.js';

/** What a connection is for; the kinds never share one, because WAIT and blocking reads hold up all behind them. */
export type ConnectionKind = 'ordinary' | 'writer' | 'feed';

export interface ClientOptions {
  readonly target: RedisTarget;
  /** Certificate authority, PEM; undefined: the system's. */
  readonly ca: string | undefined;
}

export type RedisClient = Redis | Cluster;

/** How long a node of a Cluster may owe a reply without a byte coming; other connections are the {@link Link}'s to watch. */
const NODE_SILENCE_MS = 500;
const CONNECT_TIMEOUT_MS = 500;

/** About 20 ms after the first failure, then doubling up to half a second, with jitter. */
const retryDelay = (attempt: number): number => Math.min(10 * 2 ** attempt, 400) * (0.75 + Math.random() / 2);

/**
 * A client that is not yet connected.
 *
 * It fails fast and never sends a command twice. No offline queue: a decision about access is not for later. No
 * retries on the new connection after the old one broke: what was sent may have been done (`maxRetriesPerRequest: 0`;
 * `autoResendUnfulfilledCommands: false` instead would leave the commands pending for ever). Deadlines are the
 * {@link Link}'s, not ioredis's `commandTimeout`, which leaves the commands in its queue and breaks the handshake.
 */
export function openClient(kind: ConnectionKind, { target, ca }: ClientOptions): RedisClient {
  const tls = target.tls ? { tls: ca === undefined ? {} : { ca } } : {};
  const common = {
    ...tls,
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    protocol: 2,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A hung Redis does not close its half of a connection that we end.
    disconnectTimeout: 100,
    maxRetriesPerRequest: 0,
    maxLoadingRetryTime: 250,
    disableClientInfo: true,
    connectionName: `countersign-${kind}`,
  } satisfies RedisOptions;
  const alone = {
    ...common,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryDelay,
    // A master that became a replica: look for the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;

  switch (target.kind) {
    case 'standalone':
      return new Redis({ ...alone, host: target.host, port: target.port });
    case 'sentinel': {
      const { username, password } = target.sentinelCredentials ?? {};
      return new Redis({
        ...alone,
        sentinels: target.sentinels.map(({ host, port }) => ({ host, port })),
        name: target.masterName,
        sentinelRetryStrategy: retryDelay,
        sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
        ...(username === undefined ? {} : { sentinelUsername: username }),
        ...(password === undefined ? {} : { sentinelPassword: password }),
        ...(target.tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls.tls ?? {} } : {}),
      });
    }
    case 'cluster':
      return new Cluster(
        target.nodes.map(({ host, port }) => ({ host, port })),
        {
          redisOptions: { ...common, socketTimeout: NODE_SILENCE_MS },
          lazyConnect: true,
          enableOfflineQueue: false,
          clusterRetryStrategy: retryDelay,
          slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
          slotsRefreshInterval: 2000,
          // 0: a command whose connection broke is not sent again.
          retryDelayOnFailover: 0,
          scaleReads: 'master',
        },
      );
  }
}

/** Ends a client and its sockets at once; a hung Redis would never close its half. */
export function endClient(client: RedisClient): void {
  const nodes = client instanceof Cluster ? client.nodes('all') : [client];
  client.disconnect();
  for (const node of nodes) {
    node.disconnect();
    node.stream?.destroy();
  }
}
