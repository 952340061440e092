import { expect } from 'chai';
import { createMemoryStore } from '../../../src/adapters/memory/memory-store.js';
import { storeContract } from '../../contract/store.js';
import { manualClock } from '../../support/manual-clock.js';
import { auditEntry, clientId, clientRecord, generation } from '../../support/records.js';
import { refusal } from '../../support/refusal.js';
import { systemClock } from '../../support/system-clock.js';

storeContract('memory', async () => {
  const store = createMemoryStore({ clock: systemClock });
  return { open: async () => store, close: () => store.close() };
});

describe('the embedded store', () => {
  it('is ready until it is closed, says so once, and then answers nothing', async () => {
    const store = createMemoryStore({ clock: systemClock });
    const told: boolean[] = [];
    store.onReadyChange((ready) => told.push(ready));
    expect(store.ready()).to.equal(true);
    expect(await store.inspect()).to.deep.equal([]);
    await store.close();
    await store.close();
    expect(store.ready()).to.equal(false);
    expect(told).to.deep.equal([false]);
    await refusal(store.clients.look(clientId('a')), 'temporarily_unavailable');
    await refusal(
      store.clients.create(clientRecord('a'), generation(0), auditEntry('x')),
      'temporarily_unavailable',
    );
  });

  it('raises generations by its clock, and by one when the clock does not move or jumps back', async () => {
    const clock = manualClock(5_000);
    const { clients } = createMemoryStore({ clock });
    await clients.create(clientRecord('a'), generation(0), auditEntry('x'));
    const raised = async (): Promise<number> => {
      await clients.revokeTokens(clientId('a'), auditEntry('x'));
      return (await clients.look(clientId('a'))).generation;
    };
    expect(await raised()).to.equal(5_000);
    expect(await raised()).to.equal(5_001);
    clock.setNow(10);
    expect(await raised()).to.equal(5_002);
    clock.setNow(7_000);
    expect(await raised()).to.equal(7_000);
  });
});
