import {
  type FleetNode,
  type RedisCluster,
  type ReplicaSet,
  startRedisCluster,
  startReplicaSet,
} from '../../support/redis-fleet.js';
import { startArena } from '../arena.js';
import { DEFAULT_BOUNDS } from '../checker.js';
import type { Stubs } from '../clients-under-test.js';
import { type Ground, judged, recoveryMs, sleep } from '../judged.js';
import {
  atLeast,
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';

const STRICT = { COUNTERSIGN_REDIS_WAIT_REPLICAS: '1' };

/** Three Redises, three Sentinels, two servers that wait for a replica. */
async function behindSentinels(
  run: ScenarioRun,
  harm: (set: ReplicaSet, ground: Ground) => Promise<readonly Figure[]>,
): Promise<ScenarioResult> {
  const set = await startReplicaSet();
  try {
    const options = { storeFor: () => set.url, settings: STRICT, bounds: DEFAULT_BOUNDS };
    return await judged(run, options, (ground) => harm(set, ground));
  } finally {
    await set.stop();
  }
}

/** One failover after another, each brought about by harm to the master that is undone once another has taken over. */
const failovers = (
  run: ScenarioRun,
  times: number,
  what: string,
  harm: (master: FleetNode) => Promise<void>,
  undo: (old: FleetNode) => Promise<void>,
): Promise<ScenarioResult> =>
  behindSentinels(run, async (set, { arena, crew }) => {
    const gaps: number[] = [];
    for (let time = 0; time < times; time += 1) {
      const old = await set.master();
      const over = arena.recorder.harm(what);
      const fromMs = performance.now();
      await harm(old);
      await set.failedOver(old);
      await arena.allReady();
      gaps.push(await recoveryMs(arena, fromMs + 300));
      await undo(old);
      over();
      // Until the old one is a replica of the new: the next failover needs one.
      await settled(set);
      await sleep(1000);
    }
    return [
      told('failovers', times),
      atMost('the longest time without an answer', Math.max(...gaps), 20_000, ' ms'),
      told('verifiers stopped being fresh', `${crew.stalls()} times`),
    ];
  });

async function settled(set: ReplicaSet): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (performance.now() < endMs) {
    const info = String(await (await set.master()).ask('info', 'replication').catch(() => ''));
    if ((info.match(/state=online/g)?.length ?? 0) >= set.nodes.length - 1) return;
    await sleep(100);
  }
  throw new Error('the old master did not come back as a replica');
}

/**
 * Both replicas hang, their links are filled, tokens are revoked, the master is killed and the replicas go on: what
 * they had not read yet is gone. Then nobody is left who remembers, unless the servers live.
 */
async function lostTail(
  run: ScenarioRun,
  options: { readonly settings: Record<string, string>; readonly serversDie: boolean },
): Promise<{ readonly answered: number; readonly lost: number }> {
  const set = await startReplicaSet();
  const arena = await startArena({ storeFor: () => set.url, run, settings: options.settings });
  try {
    const [at, other] = arena.stubs as [Stubs, Stubs];
    const tokens = await Promise.all(arena.clients.map((client) => at.issue(client)));
    const master = await set.master();
    const replicas = set.nodes.filter((node) => node !== master);
    for (const replica of replicas) replica.pause();
    // The buffers of the two connections take megabytes: with small values alone all would still get through.
    for (let i = 0; i < 24; i += 1) await master.ask('set', `ballast:${i}`, 'x'.repeat(1_000_000));
    const outcomes = await Promise.all(tokens.map(({ token = '' }) => at.revokeToken(token)));
    const answered = tokens.filter((_, index) => outcomes[index]?.outcome.kind === 'ok');
    await master.kill();
    if (options.serversDie) await Promise.all(arena.servers.map((server) => server.kill()));
    for (const replica of replicas) replica.resume();
    await set.failedOver(master);
    if (options.serversDie) for (const index of arena.servers.keys()) await arena.restart(index);
    await arena.allReady();
    await sleep(1500);
    const after = await Promise.all(answered.map(({ token = '' }) => other.introspect(token)));
    const lost = after.filter(
      ({ outcome }) => outcome.kind !== 'ok' || outcome.verdict !== 'inactive',
    ).length;
    return { answered: answered.length, lost };
  } finally {
    await arena.stop();
    await set.stop();
  }
}

async function onCluster(
  run: ScenarioRun,
  harm: (cluster: RedisCluster, ground: Ground) => Promise<readonly Figure[]>,
): Promise<ScenarioResult> {
  const cluster = await startRedisCluster();
  try {
    return await judged(run, { storeFor: () => cluster.url, settings: STRICT }, (ground) =>
      harm(cluster, ground),
    );
  } finally {
    await cluster.stop();
  }
}

/** Where everything of the issuer is. */
const ANY_KEY = '{countersign}:marker';

export const failover: readonly Scenario[] = [
  {
    name: 'sentinel-master-killed',
    covers: [19],
    what: 'the master killed (SIGKILL) under load, WAIT_REPLICAS=1; it comes back as a replica',
    inQuickSet: true,
    run: (run) =>
      failovers(
        run,
        run.quick ? 1 : 3,
        'master killed',
        (master) => master.kill(),
        (old) => old.restart(),
      ),
  },
  {
    name: 'sentinel-master-stopped',
    covers: [20],
    what: 'the master stopped (SIGSTOP) and, once replaced, continued: a zombie that takes itself for the master',
    inQuickSet: false,
    run: (run) =>
      failovers(
        run,
        run.quick ? 1 : 3,
        'master stopped',
        async (master) => master.pause(),
        async (old) => old.resume(),
      ),
  },
  {
    name: 'sentinels-gone',
    covers: [23],
    what: 'all Sentinels killed for 5 s while the master is well: the service goes on',
    inQuickSet: false,
    run: (run) =>
      behindSentinels(run, async (set, { arena }) => {
        const fromMs = performance.now();
        for (const sentinel of set.sentinels) await sentinel.kill();
        await sleep(5000);
        const failed = arena.recorder
          .history()
          .operations.filter(
            ({ kind, sentMs, outcome }) => kind !== 'verify' && sentMs > fromMs && outcome.kind === 'unknown',
          );
        for (const sentinel of set.sentinels) await sentinel.restart();
        return [atMost('calls that failed meanwhile', failed.length, 0)];
      }),
  },
  {
    name: 'lost-tail',
    covers: [21, 33],
    what: 'both replicas hang, 20 tokens are revoked, the master dies: without waiting for replicas that is lost, with it never',
    inQuickSet: false,
    run: async (run) => {
      const plain = await lostTail(run, { settings: {}, serversDie: true });
      run.progress(`default mode: ${plain.lost} of ${plain.answered} lost`);
      const remembered = await lostTail(run, { settings: {}, serversDie: false });
      run.progress(`default mode, servers alive: ${remembered.lost} of ${remembered.answered} lost`);
      const strict = await lostTail(run, { settings: STRICT, serversDie: true });
      return {
        figures: [
          atLeast(
            `default mode, servers die too: lost of ${plain.answered} answered (shown, not promised otherwise)`,
            plain.lost,
            1,
          ),
          atMost(
            `default mode, servers live and put it back: lost of ${remembered.answered} answered`,
            remembered.lost,
            0,
          ),
          told('WAIT_REPLICAS=1: revocations answered while no replica could hold them', strict.answered),
          atMost('WAIT_REPLICAS=1: answered and lost', strict.lost, 0),
          atMost('WAIT_REPLICAS=1: answered OK that no replica held', strict.answered, 0),
        ],
        violations: [],
      };
    },
  },
  {
    name: 'cluster-master-killed',
    covers: [24],
    what: 'Cluster (3+3): the master of our slot killed under load, WAIT_REPLICAS=1; back as a replica',
    inQuickSet: false,
    run: (run) =>
      onCluster(run, async (cluster, { arena }) => {
        const gaps: number[] = [];
        const times = run.quick ? 1 : 2;
        for (let time = 0; time < times; time += 1) {
          const old = await cluster.masterOf(ANY_KEY);
          const fromMs = performance.now();
          await old.kill();
          while ((await cluster.masterOf(ANY_KEY).catch(() => old)) === old) await sleep(100);
          await old.restart();
          await arena.allReady();
          gaps.push(await recoveryMs(arena, fromMs + 300));
          await sleep(3000);
        }
        return [
          told('times', times),
          atMost('the longest time without an answer', Math.max(...gaps), 20_000, ' ms'),
        ];
      }),
  },
  {
    name: 'cluster-reshard',
    covers: [25],
    what: 'Cluster: our slot moved from one master to another and on, key by key, under load',
    inQuickSet: false,
    run: (run) =>
      onCluster(run, async (cluster, { arena }) => {
        const times = run.quick ? 1 : 4;
        for (let time = 0; time < times; time += 1) {
          const from = await cluster.masterOf(ANY_KEY);
          const to = (await cluster.masters()).find((node) => node !== from) as FleetNode;
          await moveSlot(cluster, from, to);
          await arena.allReady();
          await sleep(1000);
        }
        return [told('times', times)];
      }),
  },
];

/** What `redis-cli --cluster reshard` does, for one slot of our choice. */
async function moveSlot(cluster: RedisCluster, from: FleetNode, to: FleetNode): Promise<void> {
  const slot = Number(await from.ask('cluster', 'keyslot', ANY_KEY));
  const [fromId, toId] = [String(await from.ask('cluster', 'myid')), String(await to.ask('cluster', 'myid'))];
  await to.ask('cluster', 'setslot', slot, 'importing', fromId);
  await from.ask('cluster', 'setslot', slot, 'migrating', toId);
  for (;;) {
    const keys = (await from.ask('cluster', 'getkeysinslot', slot, 5)) as string[];
    if (keys.length === 0) break;
    await from.ask('migrate', to.host, to.port, '', 0, 2000, 'KEYS', ...keys);
    await sleep(20);
  }
  for (const node of [to, from, ...(await cluster.masters())]) {
    await node.ask('cluster', 'setslot', slot, 'node', toId).catch(() => undefined);
  }
}
