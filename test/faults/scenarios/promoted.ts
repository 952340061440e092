import { eventually } from '../../support/eventually.js';
import { withClockOff } from '../../support/odd-clock.js';
import { type FleetNode, HERE, type ReplicaSet, startReplicaSet } from '../../support/redis-fleet.js';
import { type Arena, startArena } from '../arena.js';
import type { Stubs } from '../clients-under-test.js';
import { sleep } from '../judged.js';
import { readLedger } from '../ledger-reader.js';
import { atLeast, atMost, type Scenario, type ScenarioResult, type ScenarioRun, told } from '../scenario.js';

const CLIENTS = 10;
const HOUR_SECONDS = 3600;
/** Servers take their time from the store, and look at it every few seconds. */
const CLOCK_DEADLINE_MS = 20_000;

/** A master whose clock is right, and two replicas whose own clocks are off. */
const startOddSet = (offsetSeconds: number): Promise<ReplicaSet> => {
  const odd = { ...HERE, prefix: withClockOff(offsetSeconds) };
  return startReplicaSet({ nodes: [HERE, odd, odd], sentinels: [HERE, HERE, HERE] });
};

/** By how many seconds a node's own clock is off. */
async function clockOf(node: FleetNode): Promise<number> {
  const [seconds] = (await node.ask('time')) as [string];
  return Math.round(Number(seconds) - Date.now() / 1000);
}

type Token = Awaited<ReturnType<Stubs['issue']>>;

/** The claims of a token, unverified. */
function claimsOf({ token = '' }: Token): { readonly gen: number; readonly iat: string } {
  const payload = Buffer.from(token.split('.')[2] ?? '', 'base64url').subarray(0, -64);
  return JSON.parse(payload.toString()) as { readonly gen: number; readonly iat: string };
}

const issueEach = ({ clients }: Arena, at: Stubs): Promise<readonly Token[]> =>
  Promise.all(clients.map((client) => at.issue(client)));

/** Waits until every server tells the time as the store does now. */
async function timeTaken(arena: Arena, offsetSeconds: number): Promise<void> {
  await eventually(async () => {
    for (const at of arena.stubs) {
      const [token] = await issueEach(arena, at);
      const offMs = Date.parse(claimsOf(token as Token).iat) - Date.now();
      if (Math.abs(offMs / 1000 - offsetSeconds) > 60) throw new Error(`${at.name} is ${offMs} ms off`);
    }
  }, CLOCK_DEADLINE_MS);
}

async function count(at: Stubs, tokens: readonly Token[], verdict: string): Promise<number> {
  const answers = await Promise.all(tokens.map(({ token = '' }) => at.introspect(token)));
  return answers.filter(({ outcome }) => outcome.kind === 'ok' && outcome.verdict === verdict).length;
}

const answered = (outcomes: readonly { readonly outcome: { readonly kind: string } }[]): number =>
  outcomes.filter(({ outcome }) => outcome.kind === 'ok').length;

/**
 * The last bump of ten clients is lost in a failover to a Redis whose clock is an hour behind, so that its time is no
 * help in overtaking it: what the servers saw is.
 */
async function promotedBehind(run: ScenarioRun): Promise<ScenarioResult> {
  const set = await startOddSet(-HOUR_SECONDS);
  const arena = await startArena({ storeFor: () => set.url, run, servers: 2, clients: CLIENTS });
  try {
    const [at, other] = arena.stubs as [Stubs, Stubs];
    const master = await set.master();
    const replicas = set.nodes.filter((node) => node !== master);
    const bump = (by: Stubs) =>
      Promise.all(arena.clients.map(({ clientId }) => by.revokeClientTokens(clientId)));
    await bump(at);
    await sleep(1000);
    for (const replica of replicas) replica.pause();
    // The buffers of the two connections take megabytes: with small values alone all would still get through.
    for (let i = 0; i < 24; i += 1) await master.ask('set', `ballast:${i}`, 'x'.repeat(1_000_000));
    const bumped = await bump(at);
    const before = await issueEach(arena, at);
    await master.kill();
    for (const replica of replicas) replica.resume();
    const promoted = await set.failedOver(master);
    const offSeconds = await clockOf(promoted);
    await arena.allReady();
    const revoked = await bump(other);
    await timeTaken(arena, -HOUR_SECONDS);
    const after = await issueEach(arena, other);
    const risen = after.filter((token, index) => claimsOf(token).gen > claimsOf(before[index] as Token).gen);
    return {
      figures: [
        atMost('the clock of the Redis that was promoted', offSeconds, 60 - HOUR_SECONDS, ' s'),
        atLeast('bumps answered that the failover lost, of 10', answered(bumped), CLIENTS),
        atLeast('revocations answered after it, of 10', answered(revoked), CLIENTS),
        atLeast('generations that are above those which were lost, of 10', risen.length, CLIENTS),
        atLeast('tokens of before that are dead, of 10', await count(at, before, 'inactive'), CLIENTS),
        atLeast('tokens of after that live, of 10', await count(at, after, 'active'), CLIENTS),
      ],
      violations: [],
    };
  } finally {
    await arena.stop();
    await set.stop();
  }
}

/** The Redis that takes over thinks that tokens are over which are not, and so that their revocations may be forgotten. */
async function promotedAhead(run: ScenarioRun): Promise<ScenarioResult> {
  const set = await startOddSet(HOUR_SECONDS);
  const settings = { COUNTERSIGN_REDIS_WAIT_REPLICAS: '1' };
  const arena = await startArena({ storeFor: () => set.url, run, servers: 2, clients: CLIENTS, settings });
  try {
    const [at, other] = arena.stubs as [Stubs, Stubs];
    const early = (await Promise.all([1, 2].map(() => issueEach(arena, at)))).flat();
    const revokedEarly = await Promise.all(early.map(({ token = '' }) => at.revokeToken(token)));
    const master = await set.master();
    await master.kill();
    const promoted = await set.failedOver(master);
    const offSeconds = await clockOf(promoted);
    await arena.allReady();
    await timeTaken(arena, HOUR_SECONDS);
    // Until the servers have put back what they saw of late, which would hide what is forgotten.
    await sleep(2000);
    const [fresh, late] = [await issueEach(arena, other), await issueEach(arena, other)];
    // Whenever a token is revoked, others are forgotten.
    const revokedLate = await Promise.all(late.map(({ token = '' }) => other.revokeToken(token)));
    const reader = readLedger(at);
    await reader.whole;
    reader.close();
    const forgotten = early.filter(({ tokenId = '' }) => !reader.ids.has(tokenId));
    const oldAccepted = await count(other, early, 'active');
    return {
      figures: [
        atLeast('the clock of the Redis that was promoted', offSeconds, HOUR_SECONDS - 60, ' s'),
        atLeast('revocations answered before, of 20', answered(revokedEarly), 2 * CLIENTS),
        atLeast('revocations answered after, of 10', answered(revokedLate), CLIENTS),
        atMost('of those before: missing for a verifier that begins now', forgotten.length, 0),
        atMost('of those before: active on a server', oldAccepted, 0),
        atLeast('tokens of after that live, of 10', await count(at, fresh, 'active'), CLIENTS),
        told(
          'servers',
          'take their time from the store, so it must be right for verifiers to accept new tokens',
        ),
      ],
      violations: [],
    };
  } finally {
    await arena.stop();
    await set.stop();
  }
}

export const promoted: readonly Scenario[] = [
  {
    name: 'promoted-clock-behind',
    covers: [22],
    what: 'a failover to a Redis whose own clock is an hour behind (a library preloaded into it), the last bump lost: generations still only rise',
    inQuickSet: false,
    run: promotedBehind,
  },
  {
    name: 'promoted-clock-ahead',
    covers: [22, 42],
    what: 'a failover to a Redis whose own clock is an hour ahead: it forgets no revocation before its time',
    inQuickSet: false,
    run: promotedAhead,
  },
];
