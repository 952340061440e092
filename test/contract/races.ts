import { expect } from 'chai';
import { AuthError } from '../../src/domain/errors.js';
import type { ClientSighting, Expected, Store } from '../../src/domain/ports.js';
import { auditEntry, clientId, clientRecord, generation, storedSecret } from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { benchFor, type Contract } from './bench.js';

const audit = auditEntry('Test');
const never = generation(0);
const id = clientId('a');
const mark = { by: 'admin', reason: '' };

const outcomes = async (acts: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(acts)).map((result) =>
    result.status === 'fulfilled'
      ? 'done'
      : result.reason instanceof AuthError
        ? result.reason.code
        : 'broken',
  );

const seen = async (store: Store): Promise<Expected> => {
  const { client } = await store.clients.look(id);
  if (client === undefined) throw new Error('the client should be there');
  return client;
};

/** Looks without pause while an act runs, and once more after it. */
async function looksDuring(store: Store, act: Promise<unknown>): Promise<ClientSighting[]> {
  const looks: Promise<ClientSighting>[] = [];
  let done = false;
  const ended = act.finally(() => {
    done = true;
  });
  while (!done) {
    looks.push(store.clients.look(id), store.clients.look(id));
    await looks.at(-1);
  }
  await ended;
  return [...(await Promise.all(looks)), await store.clients.look(id)];
}

/** What any store promises when acts meet, or come late. */
export const racesContract: Contract = (backend) => {
  describe('races', () => {
    const bench = benchFor(backend);
    beforeEach(() => bench().store.clients.create(clientRecord('a'), never, audit));

    it('rotate against issue: whoever sees the raised generation sees the new secrets, in every interleaving', async () => {
      const { store, peer } = bench();
      for (let round = 1; round <= 40; round += 1) {
        const before = await seen(store);
        const record = clientRecord('a', {
          secrets: [storedSecret(`s${round + 1}`)],
          version: before.version + 1,
        });
        const rotation = store.clients.replace(record, before, { raiseGeneration: true }, audit);
        const looks = await looksDuring(peer, rotation);
        const raised = await rotation;
        for (const { client, generation: sighted } of looks) {
          if (sighted >= raised) expect(client?.secrets[0]?.secretId).to.equal(`s${round + 1}`);
        }
        expect(looks.at(-1)?.generation).to.equal(raised);
      }
    });

    it('revoke against issue: whoever misses the mark holds a generation that is dead', async () => {
      const { store, peer } = bench();
      for (let round = 0; round < 40; round += 1) {
        const looks = await looksDuring(peer, store.clients.revoke(id, mark, audit));
        const now = await seen(store);
        for (const { client, generation: sighted } of looks) {
          if (client?.mark === undefined) expect(sighted).to.be.lessThan(now.generation);
        }
        await store.clients.reinstate(id, now, audit);
      }
    });

    it('of two rotations at once one is refused', async () => {
      const { store, peer } = bench();
      const before = await seen(store);
      const rotate = (server: Store, name: string) =>
        server.clients.replace(
          clientRecord('a', { secrets: [storedSecret(name)], version: 2 }),
          before,
          { raiseGeneration: false },
          audit,
        );
      expect((await outcomes([rotate(store, 'x'), rotate(peer, 'y')])).sort()).to.deep.equal([
        'conflict',
        'done',
      ]);
      expect((await store.clients.look(id)).client?.secrets).to.have.length(1);
    });

    it('of two creations at once one is refused', async () => {
      const { store, peer } = bench();
      const acts = [store, peer, store, peer].map((server) =>
        server.clients.create(clientRecord('new'), never, audit),
      );
      expect((await outcomes(acts)).sort()).to.deep.equal([
        'already_exists',
        'already_exists',
        'already_exists',
        'done',
      ]);
    });

    it('of a deletion and a replacement at once one is refused, and a deleted client stays deleted', async () => {
      const { store, peer } = bench();
      for (let round = 0; round < 10; round += 1) {
        const before = await seen(store);
        const acts = await outcomes([
          store.clients.delete(id, before, audit),
          peer.clients.replace(
            clientRecord('a', { version: before.version + 1 }),
            before,
            { raiseGeneration: false },
            audit,
          ),
        ]);
        const now = await store.clients.look(id);
        if (acts[0] === 'done') {
          expect(acts[1]).to.be.oneOf(['not_found', 'conflict']);
          expect(now.client).to.equal(undefined);
          await store.clients.create(clientRecord('a'), now.generation, audit);
        } else {
          expect(acts).to.deep.equal(['conflict', 'done']);
        }
      }
    });

    it('of many revocations at once each raises the generation', async () => {
      const { store, peer } = bench();
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : peer).clients.revokeTokens(id, audit)),
      );
      const { position } = await store.feed.snapshot();
      expect(position.sequence).to.equal(50);
    });

    for (const [name, later] of [
      ['a later revocation', (store: Store) => store.clients.revoke(id, mark, audit)],
      ['a later revocation of its tokens', (store: Store) => store.clients.revokeTokens(id, audit)],
      [
        'a later replacement',
        async (store: Store) => {
          const before = await seen(store);
          const record = clientRecord('a', { displayName: 'newer', version: before.version + 1 });
          await store.clients.replace(record, before, { raiseGeneration: false }, audit);
        },
      ],
      ['a later deletion', async (store: Store) => store.clients.delete(id, await seen(store), audit)],
      [
        'a later deletion and creation',
        async (store: Store) => {
          await store.clients.delete(id, await seen(store), audit);
          const { generation: raised } = await store.clients.look(id);
          await store.clients.create(clientRecord('a'), raised, audit);
        },
      ],
    ] as const) {
      it(`a replacement, reinstatement or deletion that comes late undoes nothing of ${name}`, async () => {
        const { store, peer } = bench();
        await store.clients.revoke(id, mark, audit);
        const before = await seen(store);
        await later(peer);
        const after = await store.clients.look(id);
        const acts = [
          store.clients.replace(
            clientRecord('a', { displayName: 'late', version: before.version + 1 }),
            before,
            { raiseGeneration: false },
            audit,
          ),
          store.clients.replace(
            clientRecord('a', { displayName: 'late', version: before.version + 1 }),
            before,
            { raiseGeneration: true },
            audit,
          ),
          store.clients.reinstate(id, before, audit),
          store.clients.delete(id, before, audit),
        ];
        for (const outcome of await outcomes(acts)) expect(outcome).to.be.oneOf(['conflict', 'not_found']);
        expect(await store.clients.look(id)).to.deep.equal(after);
      });
    }

    it('a creation that comes late cannot follow a deletion', async () => {
      const { store } = bench();
      await store.clients.delete(id, await seen(store), audit);
      await refusal(store.clients.create(clientRecord('a'), never, audit), 'conflict');
      expect((await store.clients.look(id)).client).to.equal(undefined);
    });

    it('a client that is there during a whole listing is listed once, whatever comes and goes', async () => {
      const { store, peer } = bench();
      const stay = Array.from({ length: 30 }, (_, index) => `s${String(index).padStart(2, '0')}`);
      for (const name of stay) await store.clients.create(clientRecord(name), never, audit);
      let listing = true;
      const churn = async (): Promise<void> => {
        for (let round = 0; listing; round += 1) {
          const name = `s${String(round % 30).padStart(2, '0')}-x`;
          const { generation: now } = await peer.clients.look(clientId(name));
          await peer.clients.create(clientRecord(name), now, audit);
          await peer.clients.delete(clientId(name), { version: 1, generation: now }, audit);
        }
      };
      const churning = churn();
      for (let round = 0; round < 5; round += 1) {
        const listed: string[] = [];
        for (;;) {
          const after = listed.at(-1);
          const page = await store.clients.list({
            limit: 7,
            ...(after === undefined ? {} : { after: clientId(after) }),
          });
          listed.push(...page.map((client) => client.clientId));
          if (page.length < 7) break;
        }
        expect(listed).to.deep.equal([...new Set(listed)].sort());
        expect(listed.filter((name) => stay.includes(name))).to.deep.equal(stay);
      }
      listing = false;
      await churning;
    });
  });
};
