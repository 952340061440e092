import { expect } from 'chai';
import type { AuditEntry, AuditEvent } from '../../src/domain/ports.js';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  keyId,
  keyRing,
  secretId,
  tokenId,
} from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { benchFor, type Contract } from './bench.js';

const id = clientId('a');
const FAR = 4_000_000_000;

const withoutPlace = ({ eventId: _, timeMs: __, ...entry }: AuditEvent): AuditEntry => entry;

/** What any AuditTrail promises: no act without its entry, in order, as it was told. */
export const auditTrailContract: Contract = (backend) => {
  describe('the audit trail', () => {
    const bench = benchFor(backend);
    let stop: AbortController;
    beforeEach(() => {
      stop = new AbortController();
    });
    afterEach(() => stop.abort(new Error('the test is over')));

    it('has every act that took effect, newest first, and none that was refused', async () => {
      const { store, peer } = bench();
      const entry = (action: string): AuditEntry => auditEntry(action, 'a');
      await store.clients.create(clientRecord('a'), generation(0), entry('CreateClient'));
      await refusal(
        store.clients.create(clientRecord('a'), generation(0), entry('refused')),
        'already_exists',
      );
      await refusal(store.clients.revokeTokens(clientId('b'), entry('refused')), 'not_found');
      await store.clients.replace(
        clientRecord('a', { version: 2 }),
        { version: 1, generation: generation(0) },
        { raiseGeneration: false },
        entry('UpdateClient'),
      );
      await store.clients.revoke(id, { by: 'x', reason: '' }, entry('RevokeClient'));
      const revoked = (await store.clients.look(id)).client!;
      await store.clients.reinstate(id, revoked, entry('ReinstateClient'));
      await store.clients.revokeTokens(id, entry('RevokeClientTokens'));
      await store.clients.revokeSecret(id, secretId('s1'), entry('RevokeClientSecret'));
      await store.ledger.revokeToken(tokenId('t'), FAR, entry('RevokeToken'));
      await store.ledger.revokeToken(tokenId('u'), FAR, undefined);
      await store.keyRings.replace(keyRing(2, ['b']), {
        revoked: keyId('a'),
        audit: entry('RevokeSigningKey'),
      });
      const last = (await store.clients.look(id)).client!;
      await store.clients.delete(id, last, entry('DeleteClient'));

      const events = await peer.audit.list({ limit: 100 });
      expect(events.map(({ action }) => action)).to.deep.equal([
        'DeleteClient',
        'RevokeSigningKey',
        'RevokeToken',
        'RevokeClientSecret',
        'RevokeClientTokens',
        'ReinstateClient',
        'RevokeClient',
        'UpdateClient',
        'CreateClient',
      ]);
      expect(withoutPlace(events[1]!)).to.deep.equal(entry('RevokeSigningKey'));
    });

    it('gives back an entry as it was told, with its place and time', async () => {
      const { store } = bench();
      const told: AuditEntry = {
        ...auditEntry('CreateClient', 'a'),
        before: { scopes: [], nested: { quote: '"', newline: '\n', snowman: '☃', none: null } },
        after: { yes: true, n: 1.5 },
        reason: 'because',
      };
      await store.clients.create(clientRecord('a'), generation(0), told);
      const [event] = await store.audit.list({ limit: 1 });
      expect(withoutPlace(event!)).to.deep.equal(told);
      expect(event!.eventId).to.match(/^[0-9]{1,20}-[0-9]{1,20}$/);
      expect(event!.timeMs).to.be.greaterThan(0);
    });

    const createMany = async (count: number, from = 0): Promise<void> => {
      const { store } = bench();
      for (let index = from; index < from + count; index += 1) {
        await store.clients.create(clientRecord(`c${index}`), generation(0), auditEntry('x', `c${index}`));
      }
    };
    const targets = (events: readonly AuditEvent[]): string[] => events.map(({ target }) => target);

    it('is read in pages that neither repeat nor leave out anything, whatever happens meanwhile', async () => {
      const { store } = bench();
      await createMany(5);
      const first = await store.audit.list({ limit: 2 });
      await createMany(3, 5);
      const second = await store.audit.list({ limit: 2, before: first[1]!.eventId });
      const third = await store.audit.list({ limit: 2, before: second[1]!.eventId });
      expect([first, second, third].map(targets)).to.deep.equal([['c4', 'c3'], ['c2', 'c1'], ['c0']]);
      expect(await store.audit.list({ limit: 2, before: third[0]!.eventId })).to.deep.equal([]);
      const ids = (await store.audit.list({ limit: 100 })).map(({ eventId }) => eventId);
      expect([...ids].sort().reverse()).to.deep.equal(ids);
      expect(new Set(ids).size).to.equal(8);
    });

    it('takes a place that never was for one', async () => {
      const { store } = bench();
      await createMany(2);
      expect(await store.audit.list({ limit: 5, before: '0-0' })).to.deep.equal([]);
      const end = await store.audit.list({ limit: 5, before: '99999999999999999999-0' });
      expect(targets(end)).to.deep.equal(['c1', 'c0']);
    });

    it('is followed from any place on, in order, by any server', async () => {
      const { store, peer } = bench();
      await createMany(3);
      const after = (await store.audit.list({ limit: 3 }))[2]!.eventId;
      const seen: string[] = [];
      let created = false;
      for await (const event of peer.audit.follow(after, stop.signal)) {
        seen.push(event.target);
        if (seen.length === 2 && !created) {
          created = true;
          await createMany(2, 3);
        }
        if (seen.length === 4) break;
      }
      expect(seen).to.deep.equal(['c1', 'c2', 'c3', 'c4']);
    });

    it('is followed from now on where no place is named', async () => {
      const { store } = bench();
      await createMany(2);
      const events = store.audit.follow(undefined, stop.signal)[Symbol.asyncIterator]();
      const next = events.next();
      await store.audit.list({ limit: 1 });
      await createMany(1, 2);
      expect(((await next).value as AuditEvent).target).to.equal('c2');
    });

    it('ends a following at once with the reason when it is stopped', async () => {
      const { store } = bench();
      const events = store.audit.follow(undefined, stop.signal)[Symbol.asyncIterator]();
      const next = events.next().catch((error: unknown) => error);
      stop.abort(new Error('stopped'));
      expect(await next).to.have.property('message', 'stopped');
    });

    it('ends a following when its store is closed', async () => {
      const { store } = bench();
      await createMany(1);
      const events = store.audit.follow('0-0', stop.signal)[Symbol.asyncIterator]();
      await events.next();
      const next = events.next();
      await store.close();
      await refusal(next, 'temporarily_unavailable');
      await refusal(store.audit.list({ limit: 1 }), 'temporarily_unavailable');
    });

    it('and all else that is held can be counted', async () => {
      const { store } = bench();
      await createMany(3);
      await store.clients.revoke(clientId('c0'), { by: 'x', reason: '' }, auditEntry('x'));
      await store.ledger.revokeToken(tokenId('t'), FAR, undefined);
      expect(await store.census()).to.deep.equal({
        clients: 3,
        raisedGenerations: 1,
        revokedTokens: 1,
        auditEvents: 4,
      });
    });
  });
};
