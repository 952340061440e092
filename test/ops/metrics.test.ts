import { expect } from 'chai';
import { createMemoryStore } from '../../src/adapters/memory/memory-store.js';
import type { Call } from '../../src/domain/call.js';
import { temporarilyUnavailable } from '../../src/domain/errors.js';
import { type Metrics, makeMetrics, renderTogether } from '../../src/ops/metrics.js';
import { timeStore } from '../../src/ops/store-metrics.js';
import type { CallOutcome } from '../../src/wire/call-observer.js';
import { manualClock } from '../support/manual-clock.js';
import { clientId, generation, keyId, keyRing, storeMarker, tokenId } from '../support/records.js';
import { refusal } from '../support/refusal.js';

const call = (changes: Partial<Call> = {}): Call => ({
  requestId: 'r',
  door: 'grpc',
  sourceAddress: '192.0.2.7',
  credential: { kind: 'secret', clientId: 'canary-client', secret: 'cs_canary' },
  facts: {},
  ...changes,
});

/** The value of one series, as Prometheus would read it; undefined when it is not there. */
const reading = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

describe('metrics', () => {
  let metrics: Metrics;
  beforeEach(() => {
    metrics = makeMetrics();
  });
  afterEach(() => metrics.close());

  const ended = (rpc: string, code: CallOutcome['code'], changes: Partial<Call> = {}): void =>
    metrics.observer.finished(call(changes), { rpc, code, durationMs: 2 });

  it('count calls by RPC, door and code, with their durations', async () => {
    ended('IssueToken', 'ok');
    ended('IssueToken', 'ok', { door: 'http' });
    ended('IssueToken', 'invalid_client');
    const text = await metrics.render();
    expect(reading(text, 'countersign_requests_total{rpc="IssueToken",door="grpc",code="ok"}')).to.equal(1);
    expect(reading(text, 'countersign_requests_total{rpc="IssueToken",door="http",code="ok"}')).to.equal(1);
    const slow = 'countersign_request_duration_seconds';
    expect(reading(text, `${slow}_count{rpc="IssueToken",door="grpc"}`)).to.equal(2);
    expect(reading(text, `${slow}_sum{rpc="IssueToken",door="grpc"}`)).to.equal(0.004);
    expect(reading(text, `${slow}_bucket{le="0.001",rpc="IssueToken",door="grpc"}`)).to.equal(0);
    expect(reading(text, `${slow}_bucket{le="0.0025",rpc="IssueToken",door="grpc"}`)).to.equal(2);
  });

  it('tell what calls came to: issued, refused and why, active or not, revoked', async () => {
    ended('IssueToken', 'ok');
    ended('IssueToken', 'invalid_scope');
    ended('IntrospectToken', 'ok', { facts: { active: true } });
    ended('IntrospectToken', 'ok', { facts: { active: false } });
    ended('IntrospectToken', 'ok', { facts: { active: false } });
    ended('RevokeClient', 'ok');
    ended('RevokeClient', 'temporarily_unavailable');
    const text = await metrics.render();
    expect(reading(text, 'countersign_tokens_issued_total')).to.equal(1);
    expect(reading(text, 'countersign_refusals_total{reason="invalid_scope"}')).to.equal(1);
    expect(reading(text, 'countersign_introspections_total{active="true"}')).to.equal(1);
    expect(reading(text, 'countersign_introspections_total{active="false"}')).to.equal(2);
    expect(reading(text, 'countersign_revocations_total{kind="client"}')).to.equal(1);
    expect(reading(text, 'countersign_revocations_total{kind="token"}')).to.equal(0);
  });

  it('have labels of closed sets alone: no client, token, address or secret', async () => {
    for (let index = 0; index < 1000; index += 1) {
      ended('IssueToken', 'invalid_client', {
        sourceAddress: `198.51.100.${index}`,
        requestId: `canary-${index}`,
        facts: { clientId: clientId(`canary-${index}`), tokenId: tokenId(`canary-${index}`) },
      });
    }
    const text = await metrics.render();
    expect(text).not.to.match(/canary|198\.51/);
    expect(text.split('\n').length).to.be.lessThan(200);
  });

  it('do not take the life of a stream for a duration', async () => {
    ended('WatchRevocations', 'cancelled');
    expect(await metrics.render()).not.to.contain('duration_seconds_count{rpc="WatchRevocations"');
  });

  it("show how the process does: CPU, memory, event loop, files, its collector's pauses", async () => {
    const text = await metrics.render();
    expect(reading(text, 'process_resident_memory_bytes')).to.be.greaterThan(1e6);
    expect(reading(text, 'process_cpu_seconds_total')).to.be.greaterThan(0);
    expect(reading(text, 'process_open_fds')).to.be.greaterThan(2);
    expect(reading(text, 'nodejs_eventloop_delay_p99_seconds')).to.be.within(0, 10);
    expect(reading(text, 'nodejs_gc_pause_seconds_total')).to.be.a('number');
  });

  describe('of state', () => {
    const clock = manualClock();
    const signing = { ...keyRing(1, ['a', 'b']) };

    it('show readiness, keys and their age, the feed and what the store holds', async () => {
      let ready = true;
      metrics.show({
        ready: () => ready,
        storeReady: () => true,
        keyRings: {
          read: async () => ({
            marker: storeMarker(),
            ring: {
              ...signing,
              keys: signing.keys.map((key) =>
                key.keyId === keyId('b')
                  ? { ...key, activateTimeMs: clock.now() + 60_000 }
                  : { ...key, activateTimeMs: clock.now() - 90_000 },
              ),
            },
            storeTimeMs: clock.now(),
          }),
        },
        census: async () => ({ clients: 5, raisedGenerations: 3, revokedTokens: 2, auditEvents: 9 }),
        feed: () => ({ watchers: 4, unconfirmedMs: 250 }),
      });
      const text = await metrics.render();
      expect(reading(text, 'countersign_ready')).to.equal(1);
      expect(reading(text, 'countersign_store_ready')).to.equal(1);
      expect(reading(text, 'countersign_clients')).to.equal(5);
      expect(reading(text, 'countersign_ledger_entries{kind="client"}')).to.equal(3);
      expect(reading(text, 'countersign_ledger_entries{kind="token"}')).to.equal(2);
      expect(reading(text, 'countersign_audit_events')).to.equal(9);
      expect(reading(text, 'countersign_feed_watchers')).to.equal(4);
      expect(reading(text, 'countersign_feed_unconfirmed_seconds')).to.equal(0.25);
      expect(reading(text, 'countersign_signing_keys{state="active"}')).to.equal(1);
      expect(reading(text, 'countersign_signing_keys{state="published"}')).to.equal(1);
      expect(reading(text, 'countersign_signing_key_age_seconds')).to.equal(90);
      ready = false;
      expect(reading(await metrics.render(), 'countersign_ready')).to.equal(0);
    });

    it('are still served while the store does not answer', async () => {
      metrics.show({
        ready: () => false,
        storeReady: () => false,
        keyRings: { read: () => Promise.reject(temporarilyUnavailable()) },
        census: () => Promise.reject(temporarilyUnavailable()),
        feed: () => ({ watchers: 0, unconfirmedMs: undefined }),
      });
      const text = await metrics.render();
      expect(reading(text, 'countersign_store_ready')).to.equal(0);
      expect(reading(text, 'process_cpu_seconds_total')).to.be.greaterThan(0);
    });
  });

  it('of several processes are joined: counts summed, readiness only if all are ready', async () => {
    const other = makeMetrics();
    try {
      const sources = {
        storeReady: () => true,
        keyRings: { read: async () => undefined },
        census: async () => ({ clients: 5, raisedGenerations: 0, revokedTokens: 0, auditEvents: 0 }),
        feed: () => ({ watchers: 1, unconfirmedMs: 0 }),
      };
      metrics.show({ ...sources, ready: () => true });
      other.show({ ...sources, ready: () => false });
      ended('IssueToken', 'ok');
      other.observer.finished(call(), { rpc: 'IssueToken', code: 'ok', durationMs: 1 });
      const text = await renderTogether([await metrics.snapshot(), await other.snapshot()]);
      expect(reading(text, 'countersign_tokens_issued_total')).to.equal(2);
      expect(reading(text, 'countersign_feed_watchers')).to.equal(2);
      expect(reading(text, 'countersign_ready')).to.equal(0);
      expect(reading(text, 'countersign_clients')).to.equal(5);
    } finally {
      other.close();
    }
  });

  describe('of the store', () => {
    it('time every question, and tell failures from refusals by rule', async () => {
      const store = createMemoryStore({ clock: manualClock() });
      const timed = timeStore(store, metrics.store);
      await timed.keyRings.found(storeMarker(), keyRing());
      expect(await timed.clients.look(clientId('a'))).to.deep.include({ generation: generation(0) });
      await refusal(
        timed.clients.revokeTokens(clientId('a'), {
          action: 'x',
          actor: 'x',
          target: 'a',
          sourceAddress: '',
          requestId: '',
        }),
        'not_found',
      );
      expect(timed.ready()).to.equal(true);
      await timed.close();
      await refusal(timed.ledger.look(clientId('a'), tokenId('t')), 'temporarily_unavailable');

      const text = await metrics.render();
      const took = 'countersign_store_duration_seconds_count';
      expect(reading(text, `${took}{operation="clients.look"}`)).to.equal(1);
      expect(reading(text, `${took}{operation="ledger.look"}`)).to.equal(1);
      const failed = 'countersign_store_failures_total';
      expect(reading(text, `${failed}{operation="clients.revokeTokens"}`)).to.equal(0);
      expect(reading(text, `${failed}{operation="ledger.look"}`)).to.equal(1);
    });
  });
});
