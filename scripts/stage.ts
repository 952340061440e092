/** What every show needs: a throwaway Redis, servers as processes of their own, and a client registered at them. */
import { readFileSync } from 'node:fs';
import { credentials, Metadata } from '@grpc/grpc-js';
import {
  Client,
  ClientServiceClient,
  CreateClientRequest,
} from '../src/wire/gen/countersign/v1/client_service.js';
import { freePort } from '../test/support/free-port.js';
import { startRedis, type TestRedis } from '../test/support/redis.js';
import { freshMasterKey, type ServerProcess, startServerProcess } from '../test/support/server-process.js';
import { basic } from './callers.js';

export const ISSUER = 'https://auth.show.example';
export const ADMIN = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };
export const ADMIN_AUTH = basic(ADMIN.id, ADMIN.secret);

export interface Stage {
  readonly redis: TestRedis;
  /** Starts a server on ports that stay its own over restarts. */
  server(settings?: Record<string, string>): Promise<StagedServer>;
  /** Ends everything, in the reverse order. */
  close(): Promise<void>;
}

export interface StagedServer {
  readonly grpc: string;
  readonly http: string;
  readonly ops: string;
  process(): ServerProcess;
  /** What its processes have logged as warnings and errors, the first few of each message. */
  troubles(): readonly string[];
  /** SIGTERM, waits for the end, and starts it again; answers the exit status and how long the end took. */
  restart(): Promise<{ readonly status: number | NodeJS.Signals; readonly stopMs: number }>;
}

export async function openStage(): Promise<Stage> {
  const redis = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
  const open: (() => Promise<unknown>)[] = [() => redis.stop()];
  const common = {
    COUNTERSIGN_STORE: redis.url,
    COUNTERSIGN_ISSUER: ISSUER,
    COUNTERSIGN_MASTER_KEY: freshMasterKey(),
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMIN.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN.secret,
  };
  return {
    redis,
    server: async (settings = {}) => {
      const [grpc, http, ops] = await Promise.all([freePort(), freePort(), freePort()]);
      const own = {
        ...common,
        ...settings,
        COUNTERSIGN_GRPC_LISTEN: `127.0.0.1:${grpc}`,
        COUNTERSIGN_HTTP_LISTEN: `127.0.0.1:${http}`,
        COUNTERSIGN_OPS_LISTEN: `127.0.0.1:${ops}`,
      };
      const processes = [await startServerProcess(own)];
      const running = (): ServerProcess => processes.at(-1) as ServerProcess;
      open.push(() => running().kill());
      return {
        grpc: `127.0.0.1:${grpc}`,
        http: `http://127.0.0.1:${http}`,
        ops: `http://127.0.0.1:${ops}`,
        process: running,
        troubles: () => processes.flatMap(troublesOf),
        restart: async () => {
          const start = performance.now();
          const status = await running().stop();
          const stopMs = performance.now() - start;
          processes.push(await startServerProcess(own));
          return { status, stopMs };
        },
      };
    },
    close: async () => {
      for (const close of open.reverse()) await close();
    },
  };
}

const TROUBLES_OF_A_KIND = 3;

function troublesOf(process: ServerProcess): readonly string[] {
  const seen = new Map<unknown, number>();
  return process
    .logLines()
    .filter(({ level }) => level === 'warn' || level === 'error' || level === 'fatal')
    .filter(({ msg }) => {
      seen.set(msg, (seen.get(msg) ?? 0) + 1);
      return (seen.get(msg) ?? 0) <= TROUBLES_OF_A_KIND;
    })
    .map((line) => JSON.stringify(line));
}

/** Registers a client that may get tokens and introspect them; answers its secret. */
export function registerClient(grpc: string, clientId: string): Promise<string> {
  const clients = new ClientServiceClient(grpc, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', ADMIN_AUTH);
  const client = Client.fromPartial({
    clientId,
    allowedScopes: ['show:read', 'countersign:introspect'],
    defaultScopes: ['show:read'],
    allowedAudiences: ['https://show.example', ISSUER],
    defaultAudience: 'https://show.example',
    servesAudiences: ['*'],
  });
  return new Promise((resolve, reject) => {
    clients.createClient(CreateClientRequest.fromPartial({ client }), metadata, (error, response) => {
      clients.close();
      if (error) reject(error);
      else resolve(response.clientSecret);
    });
  });
}

/** Resident memory of a process, in MB. */
export const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Prints whether what was to be shown was shown, and sets the exit status. */
export function conclude(shown: boolean, what: string): void {
  console.log(shown ? `shown: ${what}` : `NOT shown: ${what}`);
  if (!shown) process.exitCode = 1;
}
