import { readlinkSync } from 'node:fs';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { freshMasterKey, launchServerProcess } from '../../support/server-process.js';
import { type SystemCall, traceCalls } from '../../support/strace.js';
import { ISSUER, startArena } from '../arena.js';
import type { Stubs } from '../clients-under-test.js';
import { sleep } from '../judged.js';
import { atLeast, type Figure, type Scenario, type ScenarioResult, type ScenarioRun } from '../scenario.js';

const REVOCATIONS = 3;
const CALLS = ['read', 'write', 'writev', 'sendto', 'sendmsg', 'fsync', 'fdatasync'];
/** Long enough that no two are written at once, and less than Redis's second. */
const PAUSE_MS = 200;

/** Three revocations by way of a server, while Redis's system calls are watched. */
async function traced(run: ScenarioRun, appendfsync: string): Promise<readonly Order[]> {
  const redis = await startRedis({ appendonly: 'yes', appendfsync });
  const arena = await startArena({
    storeFor: () => redis.url,
    run,
    servers: 1,
    clients: REVOCATIONS,
  });
  try {
    const [at] = arena.stubs as [Stubs];
    const tokens = await Promise.all(arena.clients.map((client) => at.issue(client)));
    const log = appendOnlyFileOf(redis);
    const trace = await traceCalls(redis.pid(), CALLS);
    for (const { token = '' } of tokens) {
      const { outcome } = await at.revokeToken(token);
      if (outcome.kind !== 'ok') throw new Error(`a revocation was not answered: ${JSON.stringify(outcome)}`);
      await sleep(PAUSE_MS);
    }
    const calls = await trace.stop();
    return tokens.map(({ tokenId = '' }) => orderOf(calls, tokenId, log));
  } finally {
    await arena.stop();
    await redis.stop();
  }
}

/** The descriptor of the file that Redis appends to. */
function appendOnlyFileOf(redis: TestRedis): number {
  for (let descriptor = 0; descriptor < 256; descriptor += 1) {
    try {
      if (readlinkSync(`/proc/${redis.pid()}/fd/${descriptor}`).endsWith('.incr.aof')) return descriptor;
    } catch {
      // No such descriptor.
    }
  }
  throw new Error('Redis has no append-only file open');
}

/** Where in the trace each step of a revocation ended; infinite where it does not appear. */
interface Order {
  readonly asked: number;
  readonly written: number;
  readonly flushed: number;
  readonly answered: number;
}

/** The script that revokes the token is read from a connection; what follows concerns the file and that connection. */
function orderOf(calls: readonly SystemCall[], tokenId: string, log: number): Order {
  const after = (from: number, wanted: (call: SystemCall) => boolean): number => {
    const index = calls.findIndex((call, at) => at > from && call.result >= 0 && wanted(call));
    return index < 0 ? Number.POSITIVE_INFINITY : index;
  };
  const isWrite = ({ name }: SystemCall): boolean => /^(?:write|send)/.test(name);
  // The last: a script that Redis did not have yet was asked for in vain before.
  const asked = calls.findLastIndex(
    ({ name, args }) => name === 'read' && args.includes(tokenId) && /eval/i.test(args),
  );
  const connection = calls[asked]?.descriptor;
  const written = after(
    asked,
    (call) => isWrite(call) && call.descriptor === log && call.args.includes(tokenId),
  );
  return {
    asked,
    written,
    flushed: after(written, ({ name, descriptor }) => /^fd?a?t?a?sync$/.test(name) && descriptor === log),
    answered: after(asked, (call) => isWrite(call) && call.descriptor === connection),
  };
}

const isFlushedFirst = ({ asked, written, flushed, answered }: Order): boolean =>
  asked >= 0 &&
  asked < written &&
  written < flushed &&
  flushed < answered &&
  answered < Number.POSITIVE_INFINITY;
const isAnsweredFirst = ({ asked, written, flushed, answered }: Order): boolean =>
  asked >= 0 && asked < written && answered < flushed && answered < Number.POSITIVE_INFINITY;

/** What a server that starts on such a Redis says of it, as an operator sees it. */
async function saidOf(settings: Record<string, string>): Promise<string> {
  const redis = await startRedis(settings);
  const server = launchServerProcess({
    COUNTERSIGN_ISSUER: ISSUER,
    COUNTERSIGN_MASTER_KEY: freshMasterKey(),
    COUNTERSIGN_STORE: redis.url,
  });
  try {
    const ended = await Promise.race([server.exited, server.listening]);
    if (typeof ended !== 'object') {
      const [sentence = ''] = /The store cannot be used[^"\n]*/.exec(server.output()) ?? [];
      return `refuses to start (${ended}): ${sentence}`;
    }
    const findings = server
      .logLines()
      .flatMap(({ finding }) => (typeof finding === 'string' ? [finding] : []));
    return findings.length === 0 ? 'starts, and has nothing to say' : `warns: ${findings.join(' ')}`;
  } finally {
    await server.kill();
    await redis.stop();
  }
}

async function said(what: string, settings: Record<string, string>, mustBe: RegExp): Promise<Figure> {
  const seen = await saidOf(settings);
  return { what: `a server that starts on ${what}`, seen, mustBe: mustBe.source, holds: mustBe.test(seen) };
}

async function proveFlush(run: ScenarioRun): Promise<ScenarioResult> {
  const always = await traced(run, 'always');
  const everySecond = await traced(run, 'everysec');
  const durable = { appendonly: 'yes', appendfsync: 'always' };
  return {
    figures: [
      atLeast(
        `appendfsync always: revocations on disk (fdatasync) before their answer is sent, of ${REVOCATIONS}`,
        always.filter(isFlushedFirst).length,
        REVOCATIONS,
      ),
      // Else the trace could not tell one from the other.
      atLeast(
        `appendfsync everysec: answered before that, of ${REVOCATIONS}`,
        everySecond.filter(isAnsweredFirst).length,
        REVOCATIONS,
      ),
      await said('appendfsync always', durable, /^starts, and has nothing to say$/),
      await said('appendfsync everysec', { ...durable, appendfsync: 'everysec' }, /^warns: .*appendfsync/),
      await said('no append-only file', {}, /^warns: .*append-only file/),
      await said(
        'an eviction policy that drops revocations',
        { ...durable, 'maxmemory-policy': 'volatile-ttl' },
        /^refuses to start/,
      ),
    ],
    violations: [],
  };
}

export const fsync: readonly Scenario[] = [
  {
    name: 'fsync-proof',
    covers: [10],
    what: 'Redis’s system calls watched (strace) while tokens are revoked: on disk first, then answered; and what a server says of a Redis that does less',
    inQuickSet: true,
    run: proveFlush,
  },
];
