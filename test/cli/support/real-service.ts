import { randomBytes } from 'node:crypto';
import { startApp } from '../../../src/app.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { makeLogger } from '../../../src/log.js';
import { WORKERS } from '../../support/workers.js';

export const ADMIN_SECRET = 'an-administrators-secret-of-40-letters-1';

/** The whole server, on free ports of loopback, within this process. */
export interface RealService {
  readonly address: string;
  /** The server's own settings, as `admin recover` and others need them. */
  readonly settings: Readonly<Record<string, string>>;
  /** What a command needs to call it as its administrator, `ops`. */
  readonly asAdministrator: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export const freshMasterKey = (): string => `k4.local.${randomBytes(32).toString('base64url')}`;

/** Settings of a server on this Redis, under a prefix of its own. */
export const redisSettings = (url: string, prefix: string): Readonly<Record<string, string>> => ({
  COUNTERSIGN_STORE: url,
  COUNTERSIGN_KEY_PREFIX: prefix,
  COUNTERSIGN_ISSUER: 'https://auth.example',
  COUNTERSIGN_MASTER_KEY: freshMasterKey(),
});

export async function startRealService(changes: Readonly<Record<string, string>> = {}): Promise<RealService> {
  const settings = {
    COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
    COUNTERSIGN_HTTP_LISTEN: '127.0.0.1:0',
    COUNTERSIGN_OPS_LISTEN: 'off',
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: 'ops',
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN_SECRET,
    ...changes,
  };
  const config = loadConfig(settings, {
    readFile: () => {
      throw new Error('there are no files');
    },
    cores: 1,
  });
  const quiet = makeLogger('silent', { write: () => undefined, flush: () => undefined });
  const app = await startApp(config, { log: quiet, workers: WORKERS });
  const address = `127.0.0.1:${app.ports.grpc}`;
  return {
    address,
    settings,
    asAdministrator: {
      COUNTERSIGN_ADDRESS: address,
      COUNTERSIGN_CLIENT_ID: 'ops',
      COUNTERSIGN_CLIENT_SECRET: ADMIN_SECRET,
    },
    stop: async () => {
      await app.stop();
    },
  };
}
