import { makeFarSide } from '../../support/network-cut.js';
import { startOddServer } from '../../support/odd-server.js';
import { startReplicaSet } from '../../support/redis-fleet.js';
import { startServerProcess } from '../../support/server-process.js';
import { endings, judged, sentWithin, sleep } from '../judged.js';
import { atLeast, atMost, type Scenario, type ScenarioResult, type ScenarioRun, told } from '../scenario.js';

/** How long a confirmed beat counts. */
const BEAT_MS = 1000;

/**
 * The old master, a Sentinel and server 0 are on the far side of a network that is cut for twelve seconds; two
 * replicas, two Sentinels and server 1 are on ours. Callers reach both sides.
 */
async function partitioned(run: ScenarioRun): Promise<ScenarioResult> {
  const far = makeFarSide();
  const there = { host: far.address, prefix: far.prefix };
  const here = { host: far.ourAddress, prefix: [] };
  const set = await startReplicaSet({ nodes: [there, here, here], sentinels: [there, here, here] });
  try {
    const options = {
      storeFor: () => set.url,
      settings: { COUNTERSIGN_REDIS_WAIT_REPLICAS: '1', COUNTERSIGN_ALLOW_PLAINTEXT: 'true' },
      launch: (server: number, settings: Record<string, string>) =>
        server === 0
          ? startOddServer({ settings, prefix: far.prefix, host: far.watchedAt, log: 'ignored' })
          : startServerProcess(settings),
      addressOf: (server: number, port: number) => `${server === 0 ? far.watchedAt : '127.0.0.1'}:${port}`,
      // Verifiers refuse to speak in plaintext with anything but loopback.
      crew: { addressesFor: (_: number, servers: readonly string[]) => servers.slice(1) },
    };
    return await judged(run, options, async ({ arena }) => {
      const old = await set.master();
      const over = arena.recorder.harm('partition');
      far.cut();
      const cutMs = performance.now();
      const taken = await set.failedOver(old);
      const failedOverMs = performance.now() - cutMs;
      await sleep(Math.max(0, (run.quick ? 8000 : 12_000) - failedOverMs));
      const healedMs = performance.now();
      const during = sentWithin(arena.recorder.history(), cutMs + BEAT_MS, healedMs);
      far.heal();
      await arena.allReady();
      over();
      await sleep(2000);
      const onFarSide = during.filter(({ at }) => at === 'server-0');
      const onOurs = during.filter(({ at }) => at === 'server-1');
      return [
        told('another master after', `${Math.round(failedOverMs)} ms (${taken.host})`),
        atLeast(
          'calls to the server with the old master, later than 1 s after the cut',
          onFarSide.length,
          50,
        ),
        atMost('of them answered', onFarSide.filter(({ outcome }) => outcome.kind === 'ok').length, 0),
        told('calls to the server on the other side', endings(onOurs)),
        atLeast('of them answered', onOurs.filter(({ outcome }) => outcome.kind === 'ok').length, 50),
      ];
    });
  } finally {
    await set.stop();
    far.remove();
  }
}

export const partition: readonly Scenario[] = [
  {
    name: 'partition',
    covers: [20, 22],
    what: 'network cut between the master with one server and the rest, WAIT_REPLICAS=1; healed after another took over',
    inQuickSet: false,
    run: partitioned,
  },
];
