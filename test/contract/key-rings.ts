import { expect } from 'chai';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  keyId,
  keyRing,
  storeMarker,
  tokenId,
} from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { type Backend, benchFor, type Contract } from './bench.js';

const audit = auditEntry('Test');

/** What any KeyRingStore promises: one founding, one order of rings, and no answer from the wrong store. */
export const keyRingsContract: Contract = (makeBackend) => {
  describe('the key ring and the marker', () => {
    describe('of a blank store', () => {
      let backend: Backend;
      beforeEach(async () => {
        backend = await makeBackend();
      });
      afterEach(() => backend.close());

      it('are not there', async () => {
        const store = await backend.open();
        expect(await store.keyRings.read()).to.equal(undefined);
      });

      it('are one marker and one ring, however many servers found it at once', async () => {
        const servers = await Promise.all([1, 2, 3, 4].map(() => backend.open()));
        const founded = await Promise.all(
          servers.map((server, index) =>
            server.keyRings.found(
              storeMarker({ storeId: `store-${index}` }),
              keyRing(1, [String.fromCharCode(97 + index)]),
            ),
          ),
        );
        expect(founded.filter(Boolean)).to.have.length(1);
        const winner = founded.indexOf(true);
        for (const server of servers) {
          const found = await server.keyRings.read();
          expect(found?.marker).to.deep.equal(storeMarker({ storeId: `store-${winner}` }));
          expect(found?.ring).to.deep.equal(keyRing(1, [String.fromCharCode(97 + winner)]));
        }
      });
    });

    describe('of a founded store', () => {
      const bench = benchFor(makeBackend);

      it('come back as they were stored, with the time of the store', async () => {
        const found = await bench().peer.keyRings.read();
        expect(found?.marker).to.deep.equal(storeMarker());
        expect(found?.ring).to.deep.equal(keyRing());
        expect(found?.storeTimeMs).to.be.closeTo(Date.now(), 60_000);
      });

      it('a ring is replaced only by its next version, and every look tells', async () => {
        const { store, peer } = bench();
        expect(await store.keyRings.replace(keyRing(3), {})).to.equal(false);
        expect(await store.keyRings.replace(keyRing(1), {})).to.equal(false);
        const outcomes = await Promise.all([
          store.keyRings.replace(keyRing(2, ['a', 'b']), { audit }),
          peer.keyRings.replace(keyRing(2, ['a', 'c']), { audit }),
        ]);
        expect(outcomes.filter(Boolean)).to.have.length(1);
        expect((await peer.clients.look(clientId('x'))).ringVersion).to.equal(2);
        expect((await store.ledger.look(clientId('x'), tokenId('t'))).ringVersion).to.equal(2);
        expect((await store.keyRings.read())?.ring).to.deep.equal(keyRing(2, ['a', outcomes[0] ? 'b' : 'c']));
      });

      it('a revoked key enters the ledger in the same step', async () => {
        const { store } = bench();
        const { position } = await store.feed.snapshot();
        await store.keyRings.replace(keyRing(2, ['b']), { revoked: keyId('a'), audit });
        expect((await store.feed.snapshot()).position).to.deep.equal({
          ...position,
          sequence: position.sequence + 1,
        });
      });

      it('whoever is bound to another store gets no answer and leaves no trace', async () => {
        const { store, peer } = bench();
        const record = clientRecord('a');
        await store.clients.create(record, generation(0), audit);
        const before = await store.clients.look(record.clientId);
        const { position } = await store.feed.snapshot();
        peer.keyRings.bind('another-store');
        const expected = { version: 1, generation: generation(0) };
        const { clients, ledger, feed } = peer;
        for (const act of [
          () => clients.look(record.clientId),
          () => clients.list({ limit: 1 }),
          () => clients.create(clientRecord('b'), generation(0), audit),
          () => clients.bootstrap(clientRecord('b'), audit),
          () => clients.replace({ ...record, version: 2 }, expected, { raiseGeneration: true }, audit),
          () => clients.delete(record.clientId, expected, audit),
          () => clients.reinstate(record.clientId, expected, audit),
          () => clients.revoke(record.clientId, { by: 'x', reason: '' }, audit),
          () => clients.revokeTokens(record.clientId, audit),
          () => clients.revokeSecret(record.clientId, record.secrets[0]!.secretId, audit),
          () => ledger.look(record.clientId, tokenId('t')),
          () => ledger.revokeToken(tokenId('t'), 4_000_000_000, audit),
          () => peer.keyRings.replace(keyRing(2), { audit }),
          () => feed.merge([{ kind: 'client', clientId: record.clientId, generation: generation(9) }]),
          () => feed.snapshot(),
        ]) {
          await refusal(act(), 'temporarily_unavailable');
        }
        expect(peer.ready()).to.equal(false);
        // Memory has but one server, which the test has just bound elsewhere.
        store.keyRings.bind('store-1');
        expect(await store.clients.look(record.clientId)).to.deep.equal(before);
        expect((await store.feed.snapshot()).position).to.deep.equal(position);
        expect((await store.keyRings.read())?.marker.bootstrapDone).to.equal(false);
      });
    });
  });
};
