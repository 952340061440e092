import { expect } from 'chai';
import type { Generation } from '../../src/domain/ids.js';
import { FeedBroken, type FeedSink, type Store } from '../../src/domain/ports.js';
import type { Revocation } from '../../src/domain/revocation.js';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  keyId,
  keyRing,
  tokenId,
} from '../support/records.js';
import { benchFor, type Contract } from './bench.js';

const audit = auditEntry('Test');
const id = clientId('a');
const FAR = 4_000_000_000;

/** A sink that remembers, and that can be waited on. */
class Recorder implements FeedSink {
  readonly changes: { readonly sequence: number; readonly revocation: Revocation }[] = [];
  confirmations = 0;
  #waiting: { readonly met: () => boolean; readonly resolve: () => void }[] = [];

  change(sequence: number, revocation: Revocation): void {
    this.changes.push({ sequence, revocation });
  }

  confirmed(): void {
    this.confirmations += 1;
    const met = this.#waiting.filter((one) => one.met());
    this.#waiting = this.#waiting.filter((one) => !met.includes(one));
    for (const { resolve } of met) resolve();
  }

  /** Settles at a confirmation by which so many changes have been told. */
  until(changes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ met: () => this.changes.length >= changes, resolve });
    });
  }
}

/** The error that ends a following. */
const end = (following: Promise<never>): Promise<unknown> => following.catch((error: unknown) => error);

async function wholeSnapshot(store: Store) {
  const { position, parts } = await store.feed.snapshot();
  const entries: Revocation[] = [];
  for await (const part of parts) {
    expect(part.length).to.be.within(1, 1000);
    entries.push(...part);
  }
  return { position, entries };
}

/** What any FeedSource promises: a snapshot and then every change, in order, without a gap. */
export const feedContract: Contract = (backend) => {
  describe('the feed', () => {
    const bench = benchFor(backend);
    let stop: AbortController;
    beforeEach(async () => {
      stop = new AbortController();
      await bench().store.clients.create(clientRecord('a'), generation(0), audit);
    });
    afterEach(() => stop.abort());

    it('starts with a snapshot of nothing', async () => {
      const { position, entries } = await wholeSnapshot(bench().store);
      expect(entries).to.deep.equal([]);
      expect(position.sequence).to.equal(0);
      expect(position.epoch).to.match(/^[A-Za-z0-9]{1,64}$/);
    });

    it('has in its snapshot every generation, token and key that counts, in bounded parts', async () => {
      const { store, peer } = bench();
      await store.clients.revoke(id, { by: 'x', reason: 'y' }, audit);
      await store.ledger.revokeToken(tokenId('t'), FAR, audit);
      await store.keyRings.replace(
        { ...keyRing(2), keys: keyRing(2).keys.map((key) => ({ ...key, revokeTimeMs: 5 })) },
        { revoked: keyId('a'), audit },
      );
      await store.feed.merge(
        Array.from({ length: 2500 }, (_, index) => ({
          kind: 'client' as const,
          clientId: clientId(`m${index}`),
          generation: generation(index + 1),
        })),
      );
      const raised = (await store.clients.look(id)).generation;
      const { position, entries } = await wholeSnapshot(peer);
      expect(position.sequence).to.equal(2503);
      expect(entries).to.have.length(2503);
      expect(entries).to.deep.include({ kind: 'client', clientId: id, generation: raised });
      expect(entries).to.deep.include({ kind: 'client', clientId: clientId('m2499'), generation: 2500 });
      expect(entries).to.deep.include({ kind: 'token', tokenId: tokenId('t'), forgetAtSeconds: FAR });
      expect(entries).to.deep.include({ kind: 'key', keyId: keyId('a') });
    });

    it('tells every kind of change in order, and to each server the same', async () => {
      const { store, peer } = bench();
      const { position } = await store.feed.snapshot();
      const here = new Recorder();
      const there = new Recorder();
      end(store.feed.follow(position, here, stop.signal));
      end(peer.feed.follow(position, there, stop.signal));
      await here.until(0);

      await store.clients.revoke(id, { by: 'x', reason: '' }, audit);
      const revoked = (await store.clients.look(id)).client!;
      await peer.clients.reinstate(id, revoked, audit);
      const reinstated = (await store.clients.look(id)).client!;
      await store.clients.revokeTokens(id, audit);
      const killed = (await store.clients.look(id)).client!;
      await store.ledger.revokeToken(tokenId('t'), FAR, undefined);
      await store.keyRings.replace(keyRing(2, ['b']), { revoked: keyId('a') });
      const replaced = await peer.clients.replace(
        clientRecord('a', { version: 2 }),
        killed,
        { raiseGeneration: true },
        audit,
      );
      await store.clients.delete(id, { version: 2, generation: replaced }, audit);
      const deleted = (await store.clients.look(id)).generation;

      const client = (raised: Generation): Revocation => ({
        kind: 'client',
        clientId: id,
        generation: raised,
      });
      const told = [
        client(revoked.generation),
        client(reinstated.generation),
        client(killed.generation),
        { kind: 'token', tokenId: tokenId('t'), forgetAtSeconds: FAR },
        { kind: 'key', keyId: keyId('a') },
        client(replaced),
        client(deleted),
      ];
      for (const recorder of [here, there]) {
        if (recorder.changes.length < told.length) await recorder.until(told.length);
        expect(recorder.changes).to.deep.equal(
          told.map((revocation, index) => ({ sequence: index + 1, revocation })),
        );
      }
    });

    it('is silent about what no verifier needs: creations, changes, uses', async () => {
      const { store } = bench();
      const { position } = await store.feed.snapshot();
      await store.clients.create(clientRecord('b'), generation(0), audit);
      await store.clients.replace(
        clientRecord('b', { version: 2 }),
        { version: 1, generation: generation(0) },
        { raiseGeneration: false },
        audit,
      );
      expect((await store.feed.snapshot()).position).to.deep.equal(position);
    });

    it('resumed from any position it loses and repeats nothing', async () => {
      const { store, peer } = bench();
      const { position } = await store.feed.snapshot();
      for (let round = 0; round < 5; round += 1) await store.clients.revokeTokens(id, audit);
      for (const sequence of [0, 3, 5]) {
        const recorder = new Recorder();
        const resumed = new AbortController();
        const ended = end(peer.feed.follow({ ...position, sequence }, recorder, resumed.signal));
        await recorder.until(5 - sequence);
        resumed.abort(new Error('enough'));
        expect(await ended).to.have.property('message', 'enough');
        expect(recorder.changes.map((change) => change.sequence)).to.deep.equal(
          [1, 2, 3, 4, 5].slice(sequence),
        );
      }
    });

    it('together with a snapshot taken in a storm of changes misses none', async () => {
      const { store, peer } = bench();
      let storming = true;
      const storm = (async () => {
        let count = 0;
        for (; storming || count < 50; count += 1) {
          await store.ledger.revokeToken(tokenId(`t${count}`), FAR, undefined);
        }
        return count;
      })();
      const { position, entries } = await wholeSnapshot(peer);
      const recorder = new Recorder();
      end(peer.feed.follow(position, recorder, stop.signal));
      storming = false;
      const count = await storm;
      if (recorder.changes.length < count - position.sequence)
        await recorder.until(count - position.sequence);
      const known = new Set(
        [...entries, ...recorder.changes.map((change) => change.revocation)].map((revocation) =>
          revocation.kind === 'token' ? revocation.tokenId : '',
        ),
      );
      for (let index = 0; index < count; index += 1) expect(known.has(tokenId(`t${index}`))).to.equal(true);
    });

    it('goes on confirming while nothing changes', async () => {
      const { store } = bench();
      const { position } = await store.feed.snapshot();
      const recorder = new Recorder();
      end(store.feed.follow(position, recorder, stop.signal));
      await recorder.until(0);
      await recorder.until(0);
      await recorder.until(0);
      expect(recorder.changes).to.deep.equal([]);
    });

    it('cannot be continued from another epoch, nor from a position that never was', async () => {
      const { store } = bench();
      const { position } = await store.feed.snapshot();
      for (const from of [
        { ...position, epoch: 'another' },
        { ...position, sequence: position.sequence + 1 },
      ]) {
        expect(await end(store.feed.follow(from, new Recorder(), stop.signal))).to.be.instanceOf(FeedBroken);
      }
    });

    it('ends at once with the reason when it is stopped, before or while it runs', async () => {
      const { store } = bench();
      const { position } = await store.feed.snapshot();
      const recorder = new Recorder();
      const following = end(store.feed.follow(position, recorder, stop.signal));
      await recorder.until(0);
      stop.abort(new Error('stopped'));
      expect(await following).to.have.property('message', 'stopped');
      expect(await end(store.feed.follow(position, recorder, stop.signal))).to.have.property(
        'message',
        'stopped',
      );
    });

    it('ends when its store is closed', async () => {
      const { store } = bench();
      const { position } = await store.feed.snapshot();
      const recorder = new Recorder();
      const following = end(store.feed.follow(position, recorder, stop.signal));
      await recorder.until(0);
      await store.close();
      expect(await following).to.have.property('code', 'temporarily_unavailable');
    });

    it('takes back what a failover lost, by maximum, and tells what was new', async () => {
      const { store, peer } = bench();
      await store.clients.revoke(id, { by: 'x', reason: 'kept' }, audit);
      const { generation: raised, client } = await store.clients.look(id);
      await store.ledger.revokeToken(tokenId('known'), FAR, undefined);
      await store.keyRings.replace(keyRing(2, ['a', 'b']), {});
      const { position } = await store.feed.snapshot();

      await store.feed.merge([
        { kind: 'client', clientId: id, generation: generation(raised - 1) },
        { kind: 'token', tokenId: tokenId('known'), forgetAtSeconds: FAR },
        { kind: 'client', clientId: clientId('lost'), generation: generation(7) },
        { kind: 'token', tokenId: tokenId('lost'), forgetAtSeconds: FAR },
        { kind: 'key', keyId: keyId('b') },
        { kind: 'key', keyId: keyId('z') },
      ]);

      expect(await peer.clients.look(id)).to.deep.equal({ client, generation: raised, ringVersion: 3 });
      expect((await peer.clients.look(clientId('lost'))).generation).to.equal(7);
      expect((await peer.ledger.look(id, tokenId('lost'))).tokenRevoked).to.equal(true);
      const ring = (await peer.keyRings.read())?.ring;
      expect(ring?.keys.map((key) => [key.keyId, key.revokeTimeMs !== undefined])).to.deep.equal([
        [keyId('a'), false],
        [keyId('b'), true],
      ]);
      expect(ring?.keys[1]?.wrappedSecret).to.equal(undefined);

      const recorder = new Recorder();
      end(peer.feed.follow(position, recorder, stop.signal));
      await recorder.until(3);
      expect(recorder.changes.map((change) => change.revocation)).to.deep.equal([
        { kind: 'client', clientId: clientId('lost'), generation: 7 },
        { kind: 'token', tokenId: tokenId('lost'), forgetAtSeconds: FAR },
        { kind: 'key', keyId: keyId('b') },
      ]);
      await store.feed.merge([{ kind: 'client', clientId: id, generation: generation(raised + 5) }]);
      const merged = await peer.clients.look(id);
      expect(merged.client?.mark).to.deep.equal(client?.mark);
      expect(merged.generation).to.equal(raised + 5);
    });
  });
};
