import { credentials } from '@grpc/grpc-js';
import { castTarget } from '../../../scripts/matrix/cast.js';
import type { Abilities, Credentials, Target } from '../../../scripts/matrix/target.js';
import { systemClock } from '../../../src/adapters/system.js';
import { type RunningApp, startApp } from '../../../src/app.js';
import { loadConfig } from '../../../src/config/load-config.js';
import type { TimedClock } from '../../../src/domain/timers.js';
import { makeLogger } from '../../../src/log.js';
import { ClientServiceClient } from '../../../src/wire/gen/countersign/v1/client_service.js';
import { WORKERS } from '../../support/workers.js';

const ADMINISTRATOR: Credentials = { id: 'admin', secret: 'the-first-administrator-of-the-matrix' };
const ISSUER_WITH_PATH = 'https://issuer.example/tenant/one';

/** A whole server in this process, on this clock. */
async function start(settings: Record<string, string>, clock: TimedClock): Promise<RunningApp> {
  const config = loadConfig(
    {
      COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
      COUNTERSIGN_HTTP_LISTEN: '127.0.0.1:0',
      COUNTERSIGN_OPS_LISTEN: 'off',
      COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMINISTRATOR.id,
      COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMINISTRATOR.secret,
      ...settings,
    },
    { readFile: () => '', cores: 1 },
  );
  return startApp(config, {
    log: makeLogger('silent', { write: () => undefined, flush: () => undefined }),
    workers: WORKERS,
    clock,
    sharedTime: clock.now,
  });
}

const originOf = (app: RunningApp): string => `http://127.0.0.1:${app.ports.http}`;

/** A whole server in this process, with a client for each part of the matrix. */
export interface StagedServer {
  readonly app: RunningApp;
  readonly administrator: Credentials;
  readonly target: Target;
  end(): Promise<void>;
}

/**
 * Starts one with these settings, by default on the embedded store, and another whose issuer has a path. Time passes
 * for it by `wait` alone, beside the real one.
 */
export async function stageServer(
  settings: Record<string, string> = {},
  outage: Pick<Abilities, 'duringOutage'> = {},
): Promise<StagedServer> {
  let aheadMs = 0;
  const clock: TimedClock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const closers: (() => unknown)[] = [];
  const end = async (): Promise<void> => void (await Promise.all(closers.map((close) => close())));
  try {
    const app = await start(settings, clock);
    closers.push(app.stop);
    const pathed = await start({ COUNTERSIGN_ISSUER: ISSUER_WITH_PATH }, clock);
    closers.push(pathed.stop);
    const administration = new ClientServiceClient(
      `127.0.0.1:${app.ports.grpc}`,
      credentials.createInsecure(),
    );
    closers.push(() => administration.close());
    const target = await castTarget({
      origin: originOf(app),
      issuer: app.issuer,
      administration,
      administrator: ADMINISTRATOR,
      abilities: {
        ...outage,
        resources: true,
        throttles: true,
        issuerWithPath: { issuer: ISSUER_WITH_PATH, origin: originOf(pathed) },
        wait: async (seconds) => {
          aheadMs += seconds * 1000;
        },
      },
    });
    return { app, administrator: ADMINISTRATOR, target, end };
  } catch (error) {
    await end();
    throw error;
  }
}
