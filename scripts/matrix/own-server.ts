import { credentials } from '@grpc/grpc-js';
import { ClientServiceClient } from '../../src/wire/gen/countersign/v1/client_service.js';
import { eventually } from '../../test/support/eventually.js';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { freshMasterKey, startServerProcess } from '../../test/support/server-process.js';
import { castTarget } from './cast.js';
import { runRow } from './row.js';
import { ROWS } from './rows/index.js';
import type { Abilities, Target } from './target.js';

const ADMINISTRATOR = { id: 'admin', secret: 'the-first-administrator-of-the-matrix' };
const ISSUER = 'https://issuer.example';
const ISSUER_WITH_PATH = 'https://issuer.example/tenant/one';

/** The real, built server as a process on a throwaway Redis, with a client for each part; `end` leaves nothing behind. */
export async function startOwnServer(): Promise<{ readonly target: Target; end(): Promise<void> }> {
  const redis = await startRedis();
  const settings = (prefix: string, issuer: string) => ({
    COUNTERSIGN_STORE: redis.url,
    COUNTERSIGN_KEY_PREFIX: prefix,
    COUNTERSIGN_ISSUER: issuer,
    COUNTERSIGN_MASTER_KEY: freshMasterKey(),
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMINISTRATOR.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMINISTRATOR.secret,
  });
  const server = await startServerProcess(settings('one', ISSUER));
  const pathed = await startServerProcess(settings('two', ISSUER_WITH_PATH));
  const administration = new ClientServiceClient(
    `127.0.0.1:${server.ports.grpc}`,
    credentials.createInsecure(),
  );
  const target: Target = await castTarget({
    origin: `http://127.0.0.1:${server.ports.http}`,
    issuer: ISSUER,
    administration,
    administrator: ADMINISTRATOR,
    abilities: {
      resources: true,
      throttles: true,
      issuerWithPath: { issuer: ISSUER_WITH_PATH, origin: `http://127.0.0.1:${pathed.ports.http}` },
      wait: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
      duringOutage: pausing(redis, () => target),
    },
  });
  return {
    target,
    end: async () => {
      administration.close();
      await Promise.all([server.stop(), pathed.stop()]);
      await redis.stop();
    },
  };
}

/** Redis stops answering, and tokens are issued again before anything goes on. */
export const pausing =
  (
    redis: Pick<TestRedis, 'pause' | 'resume'>,
    target: () => Target,
  ): NonNullable<Abilities['duringOutage']> =>
  async (act) => {
    redis.pause();
    try {
      return await act();
    } finally {
      redis.resume();
      await eventually(async () => {
        for (const row of ROWS.filter(({ id }) => id === 'T30')) {
          const { verdict, answered } = await runRow(row, target());
          if (verdict !== 'pass') throw new Error(`not back after the outage: ${answered}`);
        }
      });
    }
  };
