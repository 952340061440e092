import { existsSync } from 'node:fs';
import { createVerifier, type Verifier } from '../../src/sdk/verifier.js';
import { Connection, type Credential, stockReader } from '../../test/support/connection.js';
import { startRedis } from '../../test/support/redis.js';
import { freshMasterKey, type ServerProcess, startServerProcess } from '../../test/support/server-process.js';

const ISSUER = 'https://auth.rotation.example';
const AUDIENCE = 'https://stock.example';
const ROOT: Credential = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };

/**
 * The life of keys and tokens, in seconds: as short as the settings allow. What is an hour and a day in production is a
 * second or two here, with the same rules.
 */
export const LIFE = { period: 3, lead: 2, overlap: 8, refresh: 1, margin: 1, token: 2 };

/** A built server, with a connection for whoever asks for tokens and one for whoever asks about them. */
export interface FleetServer {
  readonly process: ServerProcess;
  readonly issuing: Connection;
  readonly asking: Connection;
}

export interface Fleet {
  readonly servers: readonly FleetServer[];
  /** Each starts at another server and goes on to the next where that one does not answer. */
  readonly verifiers: readonly Verifier[];
  /** Who gets the tokens. */
  readonly client: Credential;
  close(): Promise<void>;
}

/**
 * Servers on one throwaway Redis, a client and verifiers, all ready. The servers' clocks are off by up to so many
 * seconds, the first one's behind and the last one's ahead.
 */
export async function startFleet(count: number, skewSeconds: number): Promise<Fleet> {
  const redis = await startRedis({ appendonly: 'yes' });
  const settings = {
    COUNTERSIGN_STORE: redis.url,
    COUNTERSIGN_ISSUER: ISSUER,
    COUNTERSIGN_MASTER_KEY: freshMasterKey(),
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ROOT.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ROOT.secret,
    COUNTERSIGN_TOKEN_TTL_SECONDS: String(LIFE.token),
    COUNTERSIGN_MAX_TOKEN_TTL_SECONDS: String(LIFE.token),
    COUNTERSIGN_KEY_PERIOD_SECONDS: String(LIFE.period),
    COUNTERSIGN_KEY_LEAD_SECONDS: String(LIFE.lead),
    COUNTERSIGN_KEY_OVERLAP_SECONDS: String(LIFE.overlap),
    COUNTERSIGN_KEY_REFRESH_SECONDS: String(LIFE.refresh),
    COUNTERSIGN_KEY_MARGIN_SECONDS: String(LIFE.margin),
    COUNTERSIGN_LOG_CALLS_PER_SECOND: '1',
  };
  const processes = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      startServerProcess({ ...settings, ...clockOffBy(skewSeconds * ((2 * i) / (count - 1) - 1)) }),
    ),
  );
  const servers = processes.map((process) => ({
    process,
    issuing: new Connection(process.ports.grpc),
    asking: new Connection(process.ports.grpc, ROOT),
  }));
  const addresses = processes.map(({ ports }) => `127.0.0.1:${ports.grpc}`);
  const verifiers = addresses.map((_, i) =>
    createVerifier({
      address: [...addresses.slice(i), ...addresses.slice(0, i)],
      issuer: ISSUER,
      audience: AUDIENCE,
      credential: { clientId: ROOT.id, clientSecret: ROOT.secret },
    }),
  );
  const client = await anyOf(servers).asking.register('orders', stockReader(AUDIENCE));
  await Promise.all(verifiers.map((verifier) => verifier.ready(10_000)));

  return {
    servers,
    verifiers,
    client,
    close: async () => {
      for (const verifier of verifiers) verifier.close();
      for (const { issuing, asking, process } of servers) {
        issuing.close();
        asking.close();
        await process.kill();
      }
      await redis.stop();
    },
  };
}

/** The environment in which a process sees another time of day than we do. */
function clockOffBy(seconds: number): Record<string, string> {
  if (seconds === 0) return {};
  const library = `/usr/lib/${MACHINES[process.arch] ?? process.arch}-linux-gnu/faketime/libfaketime.so.1`;
  if (!existsSync(library)) throw new Error(`--skew-seconds needs libfaketime (apt-get install faketime)`);
  return {
    LD_PRELOAD: library,
    FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** One of several, at random. */
export function anyOf<T>(several: readonly T[]): T {
  const one = several[Math.floor(Math.random() * several.length)];
  if (one === undefined) throw new Error('there is none');
  return one;
}
