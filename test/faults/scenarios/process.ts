import { spawnSync } from 'node:child_process';
import { existsSync, openSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { eventually } from '../../support/eventually.js';
import { startOddServer } from '../../support/odd-server.js';
import { startRedis } from '../../support/redis.js';
import type { ServerProcess } from '../../support/server-process.js';
import { type Bounds, SILENT_SERVER_BOUNDS } from '../checker.js';
import type { Registered, Stubs } from '../clients-under-test.js';
import { endings, type Ground, judged, quantile, sentWithin, sleep } from '../judged.js';
import {
  atLeast,
  atMost,
  type Figure,
  type Scenario,
  type ScenarioResult,
  type ScenarioRun,
  told,
} from '../scenario.js';
import { startSteadyCallers } from '../steady-callers.js';

async function onRedis(
  run: ScenarioRun,
  harm: (ground: Ground) => Promise<readonly Figure[]>,
  bounds: Bounds = SILENT_SERVER_BOUNDS,
): Promise<ScenarioResult> {
  const redis = await startRedis();
  try {
    return await judged(run, { storeFor: () => redis.url, bounds }, harm);
  } finally {
    await redis.stop();
  }
}

/** One server after the other is ended and started again, while callers with a retry policy go on. */
const ended = (run: ScenarioRun, signal: 'SIGKILL' | 'SIGTERM', times: number): Promise<ScenarioResult> =>
  onRedis(run, async ({ arena, crew }) => {
    const callers = await startSteadyCallers(arena);
    const backMs: number[] = [];
    const statuses = new Set<number | NodeJS.Signals>();
    for (let time = 0; time < times; time += 1) {
      const index = time % arena.servers.length;
      const over = arena.recorder.harm(`server-${index} ${signal}`);
      const server = arena.servers[index];
      server?.signal(signal);
      statuses.add((await server?.exited) ?? 'SIGKILL');
      await sleep(300);
      const began = performance.now();
      await arena.restart(index);
      await arena.allReady();
      backMs.push(performance.now() - began);
      over();
      await sleep(1500);
    }
    await callers.stop();
    await Promise.all(crew.verifiers.map((verifier) => verifier.ready(5000)));
    const failed = callers.failed();
    return [
      told('times', times),
      told('exit status', [...statuses].join(', ')),
      told(
        'a server is ready again after',
        `p50 ${quantile(backMs, 0.5)} ms, at most ${quantile(backMs, 1)} ms`,
      ),
      atLeast('calls of callers that retry', callers.calls(), 500),
      {
        // An answer that had begun to arrive when the server was killed is not asked for again by grpc-js.
        ...atMost('of them failed', failed.length, signal === 'SIGKILL' ? times : 0),
        ...(failed[0] === undefined ? {} : { seen: `${failed.length}: ${failed[0]}` }),
      },
      told('verifiers stopped being fresh', `${crew.stalls()} times`),
    ];
  });

export const processFaults: readonly Scenario[] = [
  {
    name: 'server-killed',
    covers: [1],
    what: 'a server killed (SIGKILL) under load and started again after 300 ms, the two in turn',
    inQuickSet: true,
    run: (run) => ended(run, 'SIGKILL', run.quick ? 2 : 6),
  },
  {
    name: 'server-restarted',
    covers: [2],
    what: 'a server restarted (SIGTERM) under load, the two in turn',
    inQuickSet: false,
    run: (run) => ended(run, 'SIGTERM', run.quick ? 2 : 4),
  },
  {
    name: 'server-stopped',
    covers: [4],
    what: 'a server stopped (SIGSTOP) for 5 s and continued: what nobody waits for any more is not done; verifiers go elsewhere',
    inQuickSet: true,
    run: (run) =>
      onRedis(run, async ({ arena, crew }) => {
        const [server] = arena.servers;
        const [stopped, other] = arena.stubs as [Stubs, Stubs];
        const spare: Registered[] = [];
        for (let i = 0; i < 20; i += 1) spare.push(await other.register(`spare-${i}`));
        const tokens = await Promise.all(spare.map((client) => other.issue(client)));
        const over = arena.recorder.harm('server-0 stopped');
        server?.signal('SIGSTOP');
        // Their deadline, 3 s, passes while the server stands still.
        const abandoned = await Promise.all(tokens.map(({ token = '' }) => stopped.revokeToken(token)));
        await sleep(2000);
        const fresh = crew.verifiers.filter((verifier) => verifier.staleness() <= 1500).length;
        server?.signal('SIGCONT');
        over();
        await sleep(1000);
        const after = await Promise.all(tokens.map(({ token = '' }) => other.introspect(token)));
        const dead = after.filter(({ outcome }) => outcome.kind === 'ok' && outcome.verdict === 'inactive');
        return [
          told('revocations whose caller gave up', endings(abandoned as never)),
          atMost('of them carried out later', dead.length, 0),
          atLeast('verifiers fresh by the other server, of 2', fresh, 2),
        ];
      }),
  },
  {
    name: 'server-stutters',
    covers: [6],
    what: 'a server stopped for 500 ms every 2 s: slow, never wrong, and no verifier misses anything',
    inQuickSet: false,
    run: (run) =>
      onRedis(run, async ({ arena, crew }) => {
        const fromMs = performance.now();
        for (let time = 0; time < (run.quick ? 3 : 10); time += 1) {
          arena.servers[0]?.signal('SIGSTOP');
          await sleep(500);
          arena.servers[0]?.signal('SIGCONT');
          await sleep(1500);
        }
        const calls = sentWithin(arena.recorder.history(), fromMs, performance.now()).filter(
          ({ at }) => at === 'server-0',
        );
        const resyncs = crew.verifiers.reduce((sum, verifier) => sum + verifier.metrics().resyncs, 0);
        return [
          told('calls to it', endings(calls)),
          told(
            'calls to it took',
            `p99 ${quantile(
              calls.map(({ sentMs, answeredMs }) => answeredMs - sentMs),
              0.99,
            )} ms`,
          ),
          atMost('gaps that verifiers found in the feed', resyncs, 0),
        ];
      }),
  },
  {
    name: 'descriptors-exhausted',
    covers: [7],
    what: 'a server given 40 descriptors more than it has, then 300 connections: those who are connected are served on',
    inQuickSet: true,
    run: (run) =>
      onRedis(run, async ({ arena }) => {
        const server = arena.servers[0] as ServerProcess;
        await Promise.all(arena.stubs.map((at) => at.introspect('x')));
        const open = readdirSync(`/proc/${server.pid}/fd`).length;
        const limited = spawnSync('prlimit', ['--pid', String(server.pid), `--nofile=${open + 40}:4096`]);
        if (limited.status !== 0) throw new Error(`prlimit: ${limited.stderr}`);
        const sockets: Socket[] = [];
        for (let i = 0; i < 300; i += 1) {
          const socket = connect(i % 2 === 0 ? server.ports.grpc : server.ports.http, '127.0.0.1');
          socket.on('error', () => undefined);
          sockets.push(socket);
        }
        const fromMs = performance.now();
        await sleep(3000);
        const during = sentWithin(arena.recorder.history(), fromMs, performance.now() - 300).filter(
          ({ at }) => at === 'server-0',
        );
        const good = during.filter(({ outcome }) => outcome.kind === 'ok').length;
        const held = readdirSync(`/proc/${server.pid}/fd`).length;
        for (const socket of sockets) socket.destroy();
        const releasedMs = performance.now();
        await eventually(async () => {
          const answer = await fetch(`http://127.0.0.1:${server.ports.http}/.well-known/paseto-keys`);
          if (answer.status !== 200) throw new Error(String(answer.status));
        }, 10_000);
        const backMs = performance.now() - releasedMs;
        return [
          told('descriptors', `${open} before, ${held} of at most ${open + 40} meanwhile`),
          atLeast('calls of those connected answered, of 100', (good / Math.max(1, during.length)) * 100, 95),
          atMost('a new connection is served again after', backMs, 5000, ' ms'),
          {
            what: 'the process',
            seen: existsSync(`/proc/${server.pid}`) ? 'lives' : 'is gone',
            mustBe: 'lives',
            holds: existsSync(`/proc/${server.pid}`),
          },
        ];
      }),
  },
  ...(['closed', 'full'] as const).map(
    (how): Scenario => ({
      name: `log-${how}`,
      covers: [8],
      what:
        how === 'closed'
          ? 'whoever read standard output is gone (EPIPE)'
          : 'standard output is a full disk (ENOSPC)',
      inQuickSet: how === 'closed',
      run: (run) => withoutLog(run, how),
    }),
  ),
];

/** Serves on with nowhere to write its log. */
async function withoutLog(run: ScenarioRun, how: 'closed' | 'full'): Promise<ScenarioResult> {
  const redis = await startRedis();
  const log = how === 'closed' ? 'gone' : openSync('/dev/full', 'w');
  const launch = (_: number, settings: Record<string, string>): Promise<ServerProcess> =>
    startOddServer({ settings: { ...settings, COUNTERSIGN_LOG_LEVEL: 'debug' }, log });
  try {
    return await judged(
      run,
      { storeFor: () => redis.url, servers: 1, launch, recovers: false },
      async ({ arena, load, crew }) => {
        await sleep(run.quick ? 3000 : 8000);
        await load.stop();
        await crew.stop();
        const lost = arena.recorder.history().operations.filter(({ outcome }) => outcome.kind === 'unknown');
        const status = (await arena.servers[0]?.stop()) ?? 1;
        return [
          atMost('calls that failed', lost.length, 0),
          { what: 'exit status on SIGTERM', seen: String(status), mustBe: '0', holds: status === 0 },
        ];
      },
    );
  } finally {
    await redis.stop();
  }
}
