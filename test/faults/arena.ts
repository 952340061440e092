import { eventually } from '../support/eventually.js';
import { freshMasterKey, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { type Registered, type Stubs, stubsFor } from './clients-under-test.js';
import { Recorder } from './history.js';
import { type Random, randomFrom } from './random.js';
import type { Witness } from './witness.js';

export const ADMIN = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };

export const ISSUER = 'https://auth.faults.example';

/** Servers on one store, and everybody who calls them, with one record of all that happened. */
export interface Arena {
  readonly settings: Record<string, string>;
  readonly recorder: Recorder;
  readonly random: Random;
  /** Left out where nobody asks for its testimony: it keeps what it hears. */
  readonly witness: Witness | undefined;
  /** Changes when a server is started anew in its place. */
  readonly servers: ServerProcess[];
  readonly stubs: Stubs[];
  /** Where each server's gRPC is. */
  readonly addresses: readonly string[];
  readonly clients: Registered[];
  /** Starts a server in the place of one that is gone, on the same ports. */
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
  /** Of the scenario. */
  readonly run: { readonly seed: number; readonly witness?: Witness };
  readonly settings?: Record<string, string>;
  /** What one server has beside those. */
  readonly settingsFor?: (server: number) => Record<string, string>;
  /** Starts a server otherwise than as a process of this machine's own network. */
  readonly launch?: (server: number, settings: Record<string, string>) => Promise<ServerProcess>;
  /** Where callers find a server; by default at its own port of 127.0.0.1. */
  readonly addressOf?: (server: number, port: number) => string;
}

/** Starts servers and registers clients. */
export async function startArena(options: ArenaOptions): Promise<Arena> {
  const { storeFor, servers: serverCount = 2, clients: clientCount = 20 } = options;
  const { seed, witness } = options.run;
  const settings = {
    COUNTERSIGN_ISSUER: ISSUER,
    COUNTERSIGN_MASTER_KEY: freshMasterKey(),
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMIN.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN.secret,
    COUNTERSIGN_LOG_LEVEL: 'warn',
    ...options.settings,
  };
  witness?.note('administrator’s secret', settings.COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET);
  witness?.note('master key', keyIn(settings.COUNTERSIGN_MASTER_KEY));
  const { settingsFor = () => ({}), addressOf = (_, port) => `127.0.0.1:${port}` } = options;
  const launch = options.launch ?? ((_, all) => startServerProcess(all));
  const start = async (index: number, ports?: ServerProcess['ports']): Promise<ServerProcess> => {
    const server = await launch(index, {
      ...settings,
      // `listening` is told at level info.
      COUNTERSIGN_LOG_LEVEL: 'info',
      COUNTERSIGN_STORE: storeFor(index),
      ...(ports === undefined ? {} : listenOn(ports)),
      ...settingsFor(index),
    });
    witness?.watch(`server-${index}`, server);
    return server;
  };

  const servers = await Promise.all(Array.from({ length: serverCount }, (_, index) => start(index)));
  const addresses = servers.map(({ ports }, index) => addressOf(index, ports.grpc));
  const stubs = addresses.map((address, index) => stubsFor(`server-${index}`, address, ADMIN, witness));
  const arena: Arena = {
    settings,
    recorder: new Recorder(seed),
    random: randomFrom(seed),
    witness,
    servers,
    stubs,
    addresses,
    clients: [],
    restart: async (index) => {
      servers[index] = await start(index, servers[index]?.ports);
    },
    allReady: async () => {
      await eventually(async () => {
        for (const [index, { ports }] of servers.entries()) {
          const [host] = addresses[index]?.split(':') ?? [];
          const answer = await fetch(`http://${host}:${ports.ops}/readyz`);
          if (answer.status !== 200)
            throw new Error(`server-${index} is not ready; it said ${lastWords(servers[index])}`);
        }
      }, 40_000);
    },
    stop: async () => {
      await witness?.readPages();
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

/** The bytes of a key that is written as a PASERK. */
const keyIn = (paserk: string): Buffer => Buffer.from(paserk.slice(paserk.lastIndexOf('.') + 1), 'base64url');

const listenOn = ({ grpc, http, ops }: ServerProcess['ports']): Record<string, string> => ({
  COUNTERSIGN_GRPC_LISTEN: `127.0.0.1:${grpc}`,
  COUNTERSIGN_HTTP_LISTEN: `127.0.0.1:${http}`,
  COUNTERSIGN_OPS_LISTEN: `127.0.0.1:${ops}`,
});

const lastWords = (server: ServerProcess | undefined): string =>
  JSON.stringify(
    server
      ?.logLines()
      .filter(({ msg }) => msg !== 'call')
      .slice(-6),
  );
