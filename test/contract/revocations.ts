import { expect } from 'chai';
import type { Store } from '../../src/domain/ports.js';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  secretId,
  storedSecret,
  tokenId,
} from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { benchFor, type Contract } from './bench.js';

const audit = auditEntry('Test');
const never = generation(0);
const id = clientId('a');
const mark = { by: 'admin', reason: 'leaked' };

const clientOf = async (store: Store) => {
  const { client } = await store.clients.look(id);
  if (client === undefined) throw new Error('the client should be there');
  return client;
};

/** What any store promises of generations, marks and revoked tokens. */
export const revocationsContract: Contract = (backend) => {
  describe('revocations', () => {
    const bench = benchFor(backend);
    beforeEach(() => bench().store.clients.create(clientRecord('a'), never, audit));

    it('revoking sets the mark and raises the generation, on every server at once', async () => {
      const { store, peer } = bench();
      await store.clients.revoke(id, mark, audit);
      const client = await clientOf(peer);
      expect(client.mark).to.include(mark);
      expect(client.mark?.timeMs).to.be.greaterThan(0);
      expect(client.generation).to.be.greaterThan(0);
      expect((await peer.ledger.look(id, tokenId('t'))).generation).to.equal(client.generation);
    });

    it('a generation is at least the time in ms, so that a lost one is overtaken', async () => {
      const { store } = bench();
      const before = (await store.keyRings.read())?.storeTimeMs ?? Number.NaN;
      await store.clients.revoke(id, mark, audit);
      expect((await clientOf(store)).generation).to.be.at.least(before);
    });

    it('a generation is above every other that the server has seen, whatever the time', async () => {
      const { store, peer } = bench();
      const ahead = generation(9_000_000_000_000);
      await peer.feed.merge([{ kind: 'client', clientId: clientId('other'), generation: ahead }]);
      expect((await store.clients.look(clientId('other'))).generation).to.equal(ahead);
      await store.clients.revoke(id, mark, audit);
      expect((await clientOf(store)).generation).to.equal(ahead + 1);
    });

    it('revoking again keeps the first mark and kills once more', async () => {
      const { store, peer } = bench();
      await store.clients.revoke(id, mark, audit);
      const first = await clientOf(store);
      await peer.clients.revoke(id, { by: 'other', reason: 'again' }, audit);
      const second = await clientOf(store);
      expect(second.mark).to.deep.equal(first.mark);
      expect(second.generation).to.be.greaterThan(first.generation);
    });

    it('reinstating lifts the mark and raises the generation: old tokens stay dead', async () => {
      const { store, peer } = bench();
      await store.clients.revoke(id, mark, audit);
      const revoked = await clientOf(store);
      await store.clients.reinstate(id, revoked, audit);
      const active = await clientOf(peer);
      expect(active.mark).to.equal(undefined);
      expect(active.generation).to.be.greaterThan(revoked.generation);
    });

    it('reinstating one that is not revoked does nothing', async () => {
      const { store } = bench();
      await store.clients.reinstate(id, await clientOf(store), audit);
      expect((await clientOf(store)).generation).to.equal(0);
      await store.clients.revokeTokens(id, audit);
      const before = await clientOf(store);
      await store.clients.reinstate(id, before, audit);
      expect(await clientOf(store)).to.deep.equal(before);
    });

    it('revoking the tokens alone raises the generation and leaves the client active', async () => {
      const { store } = bench();
      await store.clients.revokeTokens(id, audit);
      const client = await clientOf(store);
      expect(client.generation).to.be.greaterThan(0);
      expect(client.mark).to.equal(undefined);
    });

    it('revoking the tokens of a revoked client keeps its mark', async () => {
      const { store } = bench();
      await store.clients.revoke(id, mark, audit);
      const before = await clientOf(store);
      await store.clients.revokeTokens(id, audit);
      const after = await clientOf(store);
      expect(after.mark).to.deep.equal(before.mark);
      expect(after.generation).to.be.greaterThan(before.generation);
    });

    it('a replacement that raises the generation does both in one, mark kept', async () => {
      const { store, peer } = bench();
      await store.clients.revoke(id, mark, audit);
      const before = await clientOf(store);
      const raised = await store.clients.replace(
        clientRecord('a', { version: 2 }),
        before,
        { raiseGeneration: true },
        audit,
      );
      expect(raised).to.be.greaterThan(before.generation);
      const after = await clientOf(peer);
      expect(after).to.include({ version: 2, generation: raised });
      expect(after.mark).to.deep.equal(before.mark);
    });

    it('deletion takes record and mark, but raises the generation for ever', async () => {
      const { store, peer } = bench();
      await store.clients.revoke(id, mark, audit);
      const revoked = await clientOf(store);
      await store.clients.delete(id, revoked, audit);
      const gone = await peer.clients.look(id);
      expect(gone.client).to.equal(undefined);
      expect(gone.generation).to.be.greaterThan(revoked.generation);
      await store.clients.create(clientRecord('a', { displayName: 'anew' }), gone.generation, audit);
      const anew = await clientOf(peer);
      expect(anew).to.include({ displayName: 'anew', version: 1, generation: gone.generation });
      expect(anew.mark).to.equal(undefined);
    });

    it('every act on a client that is not there says so', async () => {
      const { store } = bench();
      const nobody = clientId('nobody');
      const expected = { version: 1, generation: never };
      await refusal(store.clients.revoke(nobody, mark, audit), 'not_found');
      await refusal(store.clients.revokeTokens(nobody, audit), 'not_found');
      await refusal(store.clients.revokeSecret(nobody, secretId('s1'), audit), 'not_found');
      await refusal(store.clients.delete(nobody, expected, audit), 'not_found');
      await refusal(store.clients.reinstate(nobody, expected, audit), 'not_found');
      expect((await store.clients.look(nobody)).generation).to.equal(0);
    });

    it('revoking a secret removes that one alone and moves the version', async () => {
      const { store, peer } = bench();
      const two = clientRecord('two', { secrets: [storedSecret('s1'), storedSecret('s2')] });
      await store.clients.create(two, never, audit);
      await store.clients.revokeSecret(two.clientId, secretId('s1'), audit);
      const { client } = await peer.clients.look(two.clientId);
      expect(client?.secrets).to.deep.equal([storedSecret('s2')]);
      expect(client?.version).to.equal(2);
      expect(client?.updateTimeMs).not.to.equal(two.updateTimeMs);
      await refusal(
        store.clients.replace(
          { ...two, version: 2 },
          { version: 1, generation: never },
          { raiseGeneration: false },
          audit,
        ),
        'conflict',
      );
      await store.clients.revokeSecret(two.clientId, secretId('s1'), audit);
      expect((await peer.clients.look(two.clientId)).client?.version).to.equal(2);
    });

    it('a revoked token is known as such on every server, others are not', async () => {
      const { store, peer } = bench();
      const forgetAt = Math.ceil(Date.now() / 1000) + 3600;
      await store.ledger.revokeToken(tokenId('t-1'), forgetAt, audit);
      await store.ledger.revokeToken(tokenId('t-1'), forgetAt, undefined);
      for (const server of [store, peer]) {
        expect(await server.ledger.look(id, tokenId('t-1'))).to.deep.equal({
          generation: 0,
          tokenRevoked: true,
          ringVersion: 1,
        });
        expect((await server.ledger.look(id, tokenId('t-2'))).tokenRevoked).to.equal(false);
      }
    });

    it('a token is forgotten no earlier than the latest time that anyone asked for', async () => {
      const { store, peer } = bench();
      const nowSeconds = Math.ceil(Date.now() / 1000);
      await store.ledger.revokeToken(tokenId('t'), nowSeconds + 3600, audit);
      await store.ledger.revokeToken(tokenId('t'), nowSeconds - 3600, audit);
      for (let index = 0; index < 300; index += 1) {
        await store.ledger.revokeToken(tokenId(`old-${index}`), nowSeconds - 10, undefined);
      }
      expect((await peer.ledger.look(id, tokenId('t'))).tokenRevoked).to.equal(true);
      const looks = await Promise.all(
        Array.from({ length: 300 }, (_, index) => peer.ledger.look(id, tokenId(`old-${index}`))),
      );
      expect(looks.filter((look) => look.tokenRevoked).length).to.be.at.most(200);
    });

    it('looks at clients and at the ledger that are asked for together do not mix', async () => {
      const { store } = bench();
      await store.clients.create(clientRecord('b'), never, audit);
      await store.clients.revoke(clientId('b'), mark, audit);
      await store.ledger.revokeToken(tokenId('t-b'), 4_000_000_000, undefined);
      const raised = (await store.clients.look(clientId('b'))).generation;
      const [a, tokenOfB, b, tokenOfA] = await Promise.all([
        store.clients.look(id),
        store.ledger.look(clientId('b'), tokenId('t-b')),
        store.clients.look(clientId('b')),
        store.ledger.look(id, tokenId('t-a')),
      ]);
      expect(a.client?.clientId).to.equal('a');
      expect(a.generation).to.equal(0);
      expect(tokenOfB).to.deep.equal({ generation: raised, tokenRevoked: true, ringVersion: 1 });
      expect(b.client?.mark).to.include(mark);
      expect(tokenOfA).to.deep.equal({ generation: 0, tokenRevoked: false, ringVersion: 1 });
    });
  });
};
