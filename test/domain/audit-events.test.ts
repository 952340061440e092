import { expect } from 'chai';
import { createMemoryStore } from '../../src/adapters/memory/memory-store.js';
import type { Call, Caller } from '../../src/domain/call.js';
import { makeListAuditEvents } from '../../src/domain/list-audit-events.js';
import { makeWatchAuditEvents } from '../../src/domain/watch-audit-events.js';
import { manualClock } from '../support/manual-clock.js';
import { auditEntry, clientId, clientRecord, generation, keyRing, storeMarker } from '../support/records.js';
import { refusal } from '../support/refusal.js';

const caller: Caller = { clientId: clientId('auditor'), scopes: [], servesAudiences: [] };
const call: Call = {
  requestId: 'r',
  door: 'grpc',
  sourceAddress: '',
  credential: { kind: 'none' },
  facts: {},
};

describe('reading the audit trail', () => {
  let store: ReturnType<typeof createMemoryStore>;
  beforeEach(async () => {
    store = createMemoryStore({ clock: manualClock() });
    await store.keyRings.found(storeMarker(), keyRing());
  });

  const act = (target: string, reason = ''): Promise<void> =>
    store.clients.create(clientRecord(target), generation(0), { ...auditEntry('x', target), reason });
  const list = (pageSize: number, pageToken = '') =>
    makeListAuditEvents({ audit: store.audit })({ pageSize, pageToken }, caller, call);

  it('walks it from the newest to the oldest, page by page', async () => {
    for (const target of ['a', 'b', 'c']) await act(target);
    const first = await list(2);
    expect(first.events.map(({ target }) => target)).to.deep.equal(['c', 'b']);
    const second = await list(2, first.nextPageToken);
    expect(second.events.map(({ target }) => target)).to.deep.equal(['a']);
    expect(second.nextPageToken).to.equal('');
  });

  it('cuts a page short where its events would not fit one answer, and goes on behind them', async () => {
    for (let index = 0; index < 20; index += 1) await act(`c${index}`, 'x'.repeat(60_000));
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await list(500, pageToken);
      expect(JSON.stringify(page.events).length).to.be.at.most(420_000);
      seen.push(...page.events.map(({ target }) => target));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).to.deep.equal(Array.from({ length: 20 }, (_, index) => `c${19 - index}`));
  });

  it('shows an event that is too long by itself', async () => {
    await act('a', 'x'.repeat(900_000));
    await act('b', 'x'.repeat(900_000));
    expect((await list(10)).events).to.have.length(1);
  });

  it('refuses page tokens, places and sizes that are none', async () => {
    await refusal(list(501), 'invalid_request');
    await refusal(list(-1), 'invalid_request');
    for (const token of ['x', '1', '1-2-3', '-', '1-x']) await refusal(list(1, token), 'invalid_request');
    const watch = async () =>
      makeWatchAuditEvents({ audit: store.audit })({ afterEventId: '+' }, AbortSignal.abort());
    await refusal(watch(), 'invalid_request');
  });
});
