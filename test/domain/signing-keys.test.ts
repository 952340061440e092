import { expect } from 'chai';
import { createMemoryStore } from '../../src/adapters/memory/memory-store.js';
import { openKeyRing } from '../../src/adapters/paseto/key-ring.js';
import { makeLocalKey } from '../../src/adapters/paseto/paserk.js';
import type { Call, Caller } from '../../src/domain/call.js';
import { makeListSigningKeys } from '../../src/domain/list-signing-keys.js';
import type { AuditEntry, KeyRingStore } from '../../src/domain/ports.js';
import { makeRevokeSigningKey } from '../../src/domain/revoke-signing-key.js';
import { makeRotateSigningKey } from '../../src/domain/rotate-signing-key.js';
import { manualClock } from '../support/manual-clock.js';
import { clientId, keyId } from '../support/records.js';
import { refusal } from '../support/refusal.js';

const MINUTE = 60_000;
const keyPolicy = { periodMs: 1000 * MINUTE, leadMs: 10 * MINUTE, overlapMs: 100 * MINUTE };
const caller: Caller = { clientId: clientId('operator'), scopes: ['countersign:keys'], servesAudiences: [] };
const call: Call = {
  requestId: 'r-1',
  door: 'grpc',
  sourceAddress: '127.0.0.1',
  credential: { kind: 'none' },
  facts: {},
};

async function service() {
  const clock = manualClock();
  const store = createMemoryStore({ clock });
  const trail: AuditEntry[] = [];
  const keyRings: KeyRingStore = {
    ...store.keyRings,
    replace: (ring, change) => {
      if (change.audit !== undefined) trail.push(change.audit);
      return store.keyRings.replace(ring, change);
    },
  };
  const signingKeys = await openKeyRing({
    store: keyRings,
    masterKeys: { current: makeLocalKey() },
    issuer: 'https://auth.example',
    clock,
    policy: keyPolicy,
  });
  const ports = { signingKeys, keyPolicy };
  const act =
    <Q, A>(useCase: (request: Q, caller: Caller, call: Call) => Promise<A>) =>
    (request: Q): Promise<A> =>
      useCase(request, caller, call);
  return {
    clock,
    store,
    trail,
    keys: signingKeys,
    list: act(makeListSigningKeys(ports)),
    rotate: act(makeRotateSigningKey(ports)),
    revoke: act(makeRevokeSigningKey(ports)),
  };
}

describe('the signing keys, for an operator,', () => {
  it('are listed newest first, with the times that are known or planned and no secret', async () => {
    const { list, rotate, clock } = await service();
    const startMs = clock.now();
    clock.advance(5 * MINUTE);
    await rotate({ immediate: false });
    const [next, active] = await list({});
    expect(next).to.deep.include({
      state: 'published',
      createTimeMs: startMs + 5 * MINUTE,
      activateTimeMs: startMs + 15 * MINUTE,
      retireTimeMs: undefined,
      removeTimeMs: undefined,
      revokeTimeMs: undefined,
    });
    expect(active).to.deep.include({
      state: 'active',
      activateTimeMs: startMs,
      retireTimeMs: startMs + 15 * MINUTE,
      removeTimeMs: startMs + 115 * MINUTE,
    });
    expect(JSON.stringify(await list({}))).not.to.match(/secret/i);
  });

  it('change after the lead when rotated, and a repeat names the same coming key', async () => {
    const { list, rotate, clock, keys } = await service();
    const first = await rotate({ immediate: false });
    expect(first.state).to.equal('published');
    expect((await rotate({ immediate: false })).keyId).to.equal(first.keyId);
    clock.advance(10 * MINUTE);
    await keys.maintain();
    expect((await list({})).map(({ state }) => state)).to.deep.equal(['active', 'retired']);
  });

  it('change at once when rotated immediately', async () => {
    const { list, rotate } = await service();
    const key = await rotate({ immediate: true });
    expect(key.state).to.equal('active');
    expect((await list({})).map(({ keyId, state }) => [keyId === key.keyId, state])).to.deep.equal([
      [true, 'active'],
      [false, 'retired'],
    ]);
  });

  it('die by revocation in one step with the entry in the ledger, and another signs', async () => {
    const { list, revoke, store } = await service();
    const [bad] = await list({});
    const { position } = await store.feed.snapshot();
    const active = await revoke({ keyId: bad?.keyId ?? '', reason: 'seen on a forum' });
    expect(active.keyId).not.to.equal(bad?.keyId);
    expect(active.state).to.equal('active');
    expect((await list({})).map(({ state }) => state)).to.deep.equal(['active', 'revoked']);
    expect((await store.feed.snapshot()).position.sequence).to.equal(position.sequence + 1);
  });

  it('can be revoked twice, which enters the ledger again and ends no other key', async () => {
    const { list, revoke, store } = await service();
    const [bad] = await list({});
    const first = await revoke({ keyId: bad?.keyId ?? '', reason: '' });
    const { position } = await store.feed.snapshot();
    const second = await revoke({ keyId: bad?.keyId ?? '', reason: '' });
    expect(second).to.deep.equal(first);
    expect((await store.feed.snapshot()).position.sequence).to.equal(position.sequence + 1);
  });

  it('that never were cannot be revoked, nor can what is no key id', async () => {
    const { revoke, trail } = await service();
    await refusal(revoke({ keyId: keyId('x'), reason: '' }), 'not_found');
    for (const wrong of ['', 'k4.pid.short', `k4.sid.${'A'.repeat(44)}`]) {
      await refusal(revoke({ keyId: wrong, reason: '' }), 'invalid_request');
    }
    expect(trail).to.deep.equal([]);
  });

  it('take no reason that could forge a line of the log', async () => {
    const { list, revoke } = await service();
    const [key] = await list({});
    for (const reason of ['a\nb', 'x'.repeat(257)]) {
      await refusal(revoke({ keyId: key?.keyId ?? '', reason }), 'invalid_request');
    }
  });

  it('leave a trail of who did what, and of what time alone did', async () => {
    const { rotate, revoke, list, clock, keys, trail } = await service();
    await rotate({ immediate: true });
    const [active] = await list({});
    await revoke({ keyId: active?.keyId ?? '', reason: 'leaked' });
    clock.advance(200 * MINUTE);
    await keys.maintain();
    expect(trail.map(({ action, actor, reason }) => [action, actor, reason])).to.deep.equal([
      ['RotateSigningKey', 'operator', undefined],
      ['RevokeSigningKey', 'operator', 'leaked'],
      ['RotateSigningKey', 'schedule', undefined],
    ]);
    expect(trail[2]?.after).to.deep.include({ published: [], retired: [] });
  });
});
