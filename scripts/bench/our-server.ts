import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { ClientServiceClient } from '../../src/wire/gen/countersign/v1/client_service.js';
import { TokenServiceClient } from '../../src/wire/gen/countersign/v1/token_service.js';
import { eventually } from '../../test/support/eventually.js';
import { freshMasterKey } from '../../test/support/server-process.js';

export const ADMIN = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };
export const ISSUER = 'https://auth.bench.example';
/** The client that is loaded with, on every server. */
export const CLIENT_ID = 'bench';
/** The access log without its bound on lines. */
export const ALL_CALLS_LOGGED = { COUNTERSIGN_LOG_CALLS_PER_SECOND: '1000000' };
export const AUDIENCE = 'https://stock.example';

/** The built server with its access log on, written to a file as an operator would. */
export interface OurServer {
  readonly ports: { readonly grpc: number; readonly http: number; readonly ops: number };
  readonly pid: number;
  /** From the process's start to its line `listening`, in ms. */
  readonly startMs: number;
  /** The value of a counter in its metrics, summed over its labels as far as they contain the text. */
  counter(name: string, label?: string): Promise<number>;
  stop(): Promise<void>;
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Starts it on a store, with an administrator; `nodeArgs` are for Node, such as `--cpu-prof`. */
export async function startOurServer(
  store: string,
  settings: Record<string, string> = {},
  nodeArgs: readonly string[] = [],
): Promise<OurServer> {
  const log = join(mkdtempSync(join(tmpdir(), 'countersign-bench-')), 'log');
  const out = openSync(log, 'w');
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeArgs, MAIN], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      COUNTERSIGN_STORE: store,
      COUNTERSIGN_ISSUER: store === 'memory:' ? 'http://127.0.0.1:1' : ISSUER,
      COUNTERSIGN_MASTER_KEY: freshMasterKey(),
      COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMIN.id,
      COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN.secret,
      COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
      COUNTERSIGN_HTTP_LISTEN: '127.0.0.1:0',
      COUNTERSIGN_OPS_LISTEN: '127.0.0.1:0',
      ...settings,
    },
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  alive.add(child);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      alive.delete(child);
      resolve();
    });
  });
  const line = await eventually(() => {
    const found = readFileSync(log, 'utf8')
      .split('\n')
      .find((text) => text.includes('"listening"'));
    if (found === undefined) throw new Error(`not listening: ${readFileSync(log, 'utf8').slice(0, 2000)}`);
    return JSON.parse(found) as Record<string, number>;
  });
  const startMs = performance.now() - started;
  const ports = { grpc: line.grpc_port ?? 0, http: line.http_port ?? 0, ops: line.ops_port ?? 0 };
  return {
    ports,
    pid: child.pid ?? 0,
    startMs,
    counter: async (name, label = '') => {
      const text = await (await fetch(`http://127.0.0.1:${ports.ops}/metrics`)).text();
      return text
        .split('\n')
        .filter((row) => (row.startsWith(`${name}{`) || row.startsWith(`${name} `)) && row.includes(label))
        .reduce((sum, row) => sum + Number(row.slice(row.lastIndexOf(' ') + 1)), 0);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

export const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

const adminMetadata = (): Metadata => {
  const metadata = new Metadata();
  metadata.set('authorization', basic(ADMIN.id, ADMIN.secret));
  return metadata;
};

/** A callback-style call as a promise. */
export const settled = <T>(
  call: (done: (err: ServiceError | null, value: T) => void) => unknown,
): Promise<T> =>
  new Promise((resolve, reject) => {
    call((err, value) => (err ? reject(err) : resolve(value)));
  });

/** Registers the client that the load is done with, and answers its secret. */
export async function registerClient(server: OurServer, clientId: string): Promise<string> {
  const clients = new ClientServiceClient(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  try {
    const made = await settled<{ clientSecret: string }>((done) =>
      clients.createClient(
        {
          client: {
            clientId,
            displayName: '',
            status: 0,
            revokeTime: undefined,
            revokedBy: '',
            revokeReason: '',
            allowedScopes: ['stock:read', 'stock:write'],
            defaultScopes: ['stock:read'],
            allowedAudiences: [AUDIENCE],
            defaultAudience: '',
            introspectionOnly: false,
            servesAudiences: [],
            tokenTtlSeconds: 0,
            ext: undefined,
            labels: {},
            secrets: [],
            createTime: undefined,
            updateTime: undefined,
            etag: '',
          },
          importedSecret: '',
          requestId: '',
        },
        adminMetadata(),
        done,
      ),
    );
    return made.clientSecret;
  } finally {
    clients.close();
  }
}

/** Tokens of a client, each another one. */
export async function issueTokens(
  server: OurServer,
  clientId: string,
  clientSecret: string,
  count: number,
): Promise<string[]> {
  const tokens = new TokenServiceClient(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  try {
    return await Promise.all(
      Array.from({ length: count }, async () => {
        const request = { clientId, clientSecret, scopes: [], audience: '', ttlSeconds: 0 };
        const { accessToken } = await settled<{ accessToken: string }>((done) =>
          tokens.issueToken(request, done),
        );
        return accessToken;
      }),
    );
  } finally {
    tokens.close();
  }
}
