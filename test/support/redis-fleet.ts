import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { redisBinary } from './redis-binary.js';

/** One Redis or Sentinel among several. */
export interface FleetNode {
  readonly host: string;
  readonly port: number;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Ends it for good and removes its directory. */
  end(): Promise<void>;
  /** Asks it one thing, over a connection of its own. */
  ask(...command: readonly (string | number)[]): Promise<unknown>;
}

/** Where a node is: its address, and what puts it there (`ip netns exec …`). */
export interface Place {
  readonly host: string;
  readonly prefix: readonly string[];
}

export const HERE: Place = { host: '127.0.0.1', prefix: [] };

/** Redises with Sentinels that have one of them replaced when it is down for a second. */
export interface ReplicaSet {
  readonly nodes: readonly FleetNode[];
  readonly sentinels: readonly FleetNode[];
  /** As `COUNTERSIGN_STORE` takes it. */
  readonly url: string;
  /** The node that the Sentinels call the master. */
  master(): Promise<FleetNode>;
  /** Waits until they call another one the master, and it takes writes. */
  failedOver(from: FleetNode): Promise<FleetNode>;
  stop(): Promise<void>;
}

export interface ReplicaSetPlaces {
  /** The first is the master at first. */
  readonly nodes: readonly Place[];
  readonly sentinels: readonly Place[];
}

const MASTER_NAME = 'main';

export async function startReplicaSet(
  places: ReplicaSetPlaces = { nodes: [HERE, HERE, HERE], sentinels: [HERE, HERE, HERE] },
): Promise<ReplicaSet> {
  const [masterPlace = HERE, ...others] = places.nodes;
  const first = await startNode(masterPlace, {});
  const replicas = await Promise.all(
    others.map((place) => startNode(place, { replicaof: `${first.host} ${first.port}` })),
  );
  const nodes = [first, ...replicas];
  await eventually(async () => {
    const info = String(await first.ask('info', 'replication'));
    const online = info.match(/state=online/g)?.length ?? 0;
    if (online < replicas.length) throw new Error(`${online} replicas are online`);
  }, 20_000);
  const sentinels = await Promise.all(places.sentinels.map((place) => startSentinel(place, first)));
  await eventually(async () => {
    for (const sentinel of sentinels) {
      const known = (await sentinel.ask('sentinel', 'sentinels', MASTER_NAME)) as unknown[];
      const slaves = (await sentinel.ask('sentinel', 'replicas', MASTER_NAME)) as unknown[];
      if (known.length < sentinels.length - 1 || slaves.length < replicas.length)
        throw new Error('not met yet');
    }
  }, 20_000);

  const master = async (): Promise<FleetNode> => {
    // Of those who answer, the last: the first may be on the wrong side of a cut.
    for (const sentinel of [...sentinels].reverse()) {
      const answer = await sentinel
        .ask('sentinel', 'get-master-addr-by-name', MASTER_NAME)
        .catch(() => undefined);
      if (!Array.isArray(answer)) continue;
      const found = nodes.find(({ host, port }) => host === answer[0] && String(port) === answer[1]);
      if (found !== undefined) return found;
    }
    throw new Error('no Sentinel names a master');
  };
  return {
    nodes,
    sentinels,
    url: `redis-sentinel://${sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${MASTER_NAME}`,
    master,
    failedOver: (from) =>
      eventually(async () => {
        const now = await master();
        if (now === from) throw new Error('still the old master');
        if (!String(await now.ask('info', 'replication')).includes('role:master'))
          throw new Error('not a master yet');
        return now;
      }, 30_000),
    stop: async () => {
      await Promise.all([...nodes, ...sentinels].map((node) => node.end()));
    },
  };
}

/** Three masters with a replica each. */
export interface RedisCluster {
  readonly nodes: readonly FleetNode[];
  readonly url: string;
  /** The master that has the slot of a key, as the others see it. */
  masterOf(key: string): Promise<FleetNode>;
  masters(): Promise<readonly FleetNode[]>;
  stop(): Promise<void>;
}

export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(
    Array.from({ length: 6 }, async () =>
      startNode(HERE, {
        'cluster-enabled': 'yes',
        'cluster-node-timeout': '2000',
        'cluster-port': String(await freePort()),
      }),
    ),
  );
  const addresses = nodes.map(({ host, port }) => `${host}:${port}`);
  await promisify(execFile)('redis-cli', [
    '--cluster',
    'create',
    ...addresses,
    '--cluster-replicas',
    '1',
    '--cluster-yes',
  ]);
  /** Asks whichever node lives. */
  const ask = async (...command: string[]): Promise<unknown> => {
    for (const node of nodes) {
      const answer = await node.ask(...command).catch(() => undefined);
      if (answer !== undefined) return answer;
    }
    throw new Error('no node answers');
  };
  const slots = async (): Promise<readonly (readonly [number, number, FleetNode])[]> =>
    ((await ask('cluster', 'slots')) as [number, number, [string, number]][]).flatMap(
      ([from, to, [, port]]) => {
        const found = nodes.find((one) => one.port === port);
        return found === undefined ? [] : [[from, to, found] as const];
      },
    );
  await eventually(async () => {
    for (const node of nodes) {
      if (!String(await node.ask('cluster', 'info')).includes('cluster_state:ok'))
        throw new Error('not a cluster yet');
      const link = String(await node.ask('info', 'replication'));
      if (!/role:master[\s\S]*state=online|master_link_status:up/.test(link))
        throw new Error('replicas are yet to come');
    }
  }, 30_000);
  return {
    nodes,
    url: `redis-cluster://${addresses.join(',')}`,
    masters: async () => [...new Set((await slots()).map(([, , node]) => node))],
    masterOf: async (key) => {
      const slot = Number(await ask('cluster', 'keyslot', key));
      const owner = (await slots()).find(([from, to]) => slot >= from && slot <= to);
      if (owner === undefined) throw new Error(`nobody has slot ${slot}`);
      return owner[2];
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.end()));
    },
  };
}

async function startNode(place: Place, settings: Readonly<Record<string, string>>): Promise<FleetNode> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-fleet-'));
  const port = await freePort();
  const all = {
    port: String(port),
    bind: place.host,
    dir: directory,
    save: '',
    appendonly: 'no',
    'protected-mode': 'no',
    'repl-diskless-sync-delay': '0',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')]);
  return run(place, port, directory, args);
}

async function startSentinel(place: Place, master: FleetNode): Promise<FleetNode> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-sentinel-'));
  const port = await freePort();
  const file = join(directory, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    `bind ${place.host}`,
    `dir ${directory}`,
    'protected-mode no',
    `sentinel monitor ${MASTER_NAME} ${master.host} ${master.port} 2`,
    `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
    `sentinel failover-timeout ${MASTER_NAME} 5000`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return run(place, port, directory, [file, '--sentinel']);
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

async function run(
  place: Place,
  port: number,
  directory: string,
  args: readonly string[],
): Promise<FleetNode> {
  const binary = await redisBinary();
  let child: ChildProcess;
  const ask = async (...[name = '', ...rest]: readonly (string | number)[]): Promise<unknown> => {
    const client = new Redis({
      host: place.host,
      port,
      lazyConnect: true,
      connectTimeout: 1000,
      commandTimeout: 2000,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      retryStrategy: () => null,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.call(String(name), ...rest);
    } finally {
      client.disconnect();
    }
  };
  const start = async (): Promise<void> => {
    const [command = '', ...before] = [...place.prefix, binary];
    child = spawn(command, [...before, ...args], { stdio: 'ignore' });
    const mine = child;
    alive.add(mine);
    mine.once('exit', () => alive.delete(mine));
    await eventually(() => ask('ping'), 10_000);
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    host: place.host,
    port,
    ask,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill,
    restart: start,
    end: async () => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
