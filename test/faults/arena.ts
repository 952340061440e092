import { eventually } from '../support/eventually.js';
import { freshMasterKey, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { type Registered, type Stubs, stubsFor } from './clients-under-test.js';
import { Recorder } from './history.js';
import { type Random, randomFrom } from './random.js';

const ADMIN = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };

/** Servers on one store, and everybody who calls them, with one record of all that happened. */
export interface Arena {
  readonly settings: Record<string, string>;
  readonly recorder: Recorder;
  readonly random: Random;
  /** Changes when a server is started anew in its place. */
  readonly servers: ServerProcess[];
  readonly stubs: Stubs[];
  readonly clients: Registered[];
  /** Starts a server in the place of one that is gone, on another port. */
  restart(index: number): Promise<void>;
  /** Waits until every server says that it is ready. */
  allReady(): Promise<void>;
  stop(): Promise<void>;
}

export interface ArenaOptions {
  /** As in `COUNTERSIGN_STORE`; servers may each be given another way to the same store. */
  readonly storeFor: (server: number) => string;
  readonly servers?: number;
  readonly clients?: number;
  readonly seed: number;
  readonly settings?: Record<string, string>;
}

/** Starts servers and registers clients. */
export async function startArena(options: ArenaOptions): Promise<Arena> {
  const { storeFor, servers: serverCount = 2, clients: clientCount = 20, seed } = options;
  const settings = {
    COUNTERSIGN_ISSUER: 'https://auth.faults.example',
    COUNTERSIGN_MASTER_KEY: freshMasterKey(),
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMIN.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN.secret,
    COUNTERSIGN_LOG_LEVEL: 'warn',
    ...options.settings,
  };
  // `listening` is told at level info.
  const start = (index: number): Promise<ServerProcess> =>
    startServerProcess({ ...settings, COUNTERSIGN_LOG_LEVEL: 'info', COUNTERSIGN_STORE: storeFor(index) });

  const servers = await Promise.all(Array.from({ length: serverCount }, (_, index) => start(index)));
  const stubs = servers.map((server, index) => stubsFor(`server-${index}`, server, ADMIN));
  const arena: Arena = {
    settings,
    recorder: new Recorder(seed),
    random: randomFrom(seed),
    servers,
    stubs,
    clients: [],
    restart: async (index) => {
      stubs[index]?.close();
      const server = await start(index);
      servers[index] = server;
      stubs[index] = stubsFor(`server-${index}`, server, ADMIN);
    },
    allReady: async () => {
      await eventually(async () => {
        for (const { ports } of servers) {
          const answer = await fetch(`http://127.0.0.1:${ports.ops}/readyz`);
          if (answer.status !== 200) throw new Error(`a server is not ready: ${answer.status}`);
        }
      }, 30_000);
    },
    stop: async () => {
      for (const one of stubs) one.close();
      await Promise.all(servers.map((server) => server.kill()));
    },
  };
  await arena.allReady();
  const [first] = stubs;
  if (first === undefined) throw new RangeError('an arena needs a server');
  for (let i = 0; i < clientCount; i += 1) arena.clients.push(await first.register(`client-${i}`));
  return arena;
}
