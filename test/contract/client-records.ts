import { expect } from 'chai';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  secretId,
  storedSecret,
} from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { benchFor, type Contract } from './bench.js';

const audit = auditEntry('Test');
const never = generation(0);

/** What any ClientStore promises of records: read, created, replaced, listed and touched. */
export const clientRecordsContract: Contract = (backend) => {
  describe('client records', () => {
    const bench = benchFor(backend);

    it('a client that was never made is not there, at generation 0', async () => {
      const { store } = bench();
      expect(await store.clients.look(clientId('nobody'))).to.deep.equal({
        client: undefined,
        generation: 0,
        ringVersion: 1,
      });
    });

    it('a record comes back on every server exactly as it was stored, its extremes included', async () => {
      const { store, peer } = bench();
      const record = clientRecord('A.b_c-9', {
        displayName: 'ünïcode "quotes" \\ and\nlines\u2028 🚀',
        allowedScopes: ['a', 'b:c'],
        defaultScopes: [],
        allowedAudiences: ['https://a.example', 'urn:b', 'x y'],
        defaultAudience: 'urn:b',
        introspectionOnly: true,
        servesAudiences: ['*'],
        tokenTtlSeconds: 86_400,
        ext: { team: 'x', nested: { list: [1, null, true, 'é'] } },
        labels: { env: 'prod', constructor: 'a key like any other' },
        secrets: [
          storedSecret('one', { expireTimeMs: 1_900_000_000_001, lastUsedTimeMs: 1_900_000_000_002 }),
          storedSecret('two', { madeBy: 'create:r.1_-' }),
        ],
        updateTimeMs: 1_900_000_000_003,
        version: 1,
      });
      await store.clients.create(record, never, audit);
      for (const server of [store, peer]) {
        const { client } = await server.clients.look(record.clientId);
        expect(client).to.deep.equal({ ...record, generation: 0, mark: undefined });
      }
    });

    it('a client without secrets, and with nothing set, is kept too', async () => {
      const { store } = bench();
      const record = clientRecord('bare', {
        displayName: '',
        allowedScopes: [],
        defaultScopes: [],
        allowedAudiences: [],
        secrets: [],
      });
      await store.clients.create(record, never, audit);
      const { client } = await store.clients.look(record.clientId);
      expect(client).to.deep.equal({ ...record, generation: 0, mark: undefined });
    });

    it('of many looks at once each gets its own client', async () => {
      const { store } = bench();
      const ids = Array.from({ length: 20 }, (_, index) => `c${index}`);
      for (const id of ids) await store.clients.create(clientRecord(id), never, audit);
      const asked = [...ids, 'nobody', ...ids];
      const seen = await Promise.all(asked.map((id) => store.clients.look(clientId(id))));
      expect(seen.map(({ client }) => client?.clientId)).to.deep.equal([...ids, undefined, ...ids]);
    });

    it('an id is taken once, whatever the generation', async () => {
      const { store, peer } = bench();
      await store.clients.create(clientRecord('a'), never, audit);
      await refusal(peer.clients.create(clientRecord('a'), never, audit), 'already_exists');
      await refusal(peer.clients.create(clientRecord('a'), generation(5), audit), 'already_exists');
    });

    it('a replaced record is seen at once on every server', async () => {
      const { store, peer } = bench();
      await store.clients.create(clientRecord('a'), never, audit);
      const changed = clientRecord('a', { displayName: 'changed', version: 2 });
      const answer = await store.clients.replace(
        changed,
        { version: 1, generation: never },
        { raiseGeneration: false },
        audit,
      );
      expect(answer).to.equal(0);
      expect((await peer.clients.look(clientId('a'))).client).to.include({
        displayName: 'changed',
        version: 2,
        generation: 0,
      });
    });

    it('a replacement of what is no longer as it was seen is refused and changes nothing', async () => {
      const { store } = bench();
      await store.clients.create(clientRecord('a'), never, audit);
      const late = clientRecord('a', { displayName: 'late', version: 2 });
      const options = { raiseGeneration: false };
      await refusal(
        store.clients.replace(
          clientRecord('b', { version: 2 }),
          { version: 1, generation: never },
          options,
          audit,
        ),
        'not_found',
      );
      await refusal(
        store.clients.replace(late, { version: 1, generation: generation(1) }, options, audit),
        'conflict',
      );
      await store.clients.replace(
        clientRecord('a', { version: 2 }),
        { version: 1, generation: never },
        options,
        audit,
      );
      await refusal(
        store.clients.replace(late, { version: 1, generation: never }, options, audit),
        'conflict',
      );
      expect((await store.clients.look(clientId('a'))).client).to.include({
        displayName: 'The a service',
        version: 2,
      });
    });

    it('clients are listed bytewise, in pages, each once', async () => {
      const { store, peer } = bench();
      const ids = ['b', 'a', 'B', 'a.b', 'a-b', 'a_b', 'ab', '0', 'Z'];
      for (const id of ids) await store.clients.create(clientRecord(id), never, audit);
      const listed: string[] = [];
      for (;;) {
        const after = listed.at(-1);
        const page = await peer.clients.list({
          limit: 2,
          ...(after === undefined ? {} : { after: clientId(after) }),
        });
        listed.push(...page.map((client) => client.clientId));
        if (page.length < 2) break;
      }
      expect(listed).to.deep.equal(['0', 'B', 'Z', 'a', 'a-b', 'a.b', 'a_b', 'ab', 'b']);
    });

    it('a listed client carries its generation and its mark', async () => {
      const { store } = bench();
      await store.clients.create(clientRecord('a'), never, audit);
      await store.clients.revoke(clientId('a'), { by: 'admin', reason: 'why' }, audit);
      const [listed] = await store.clients.list({ limit: 10 });
      expect(listed).to.deep.equal((await store.clients.look(clientId('a'))).client);
      expect(listed?.mark).to.include({ by: 'admin', reason: 'why' });
    });

    it('a list of nothing is empty', async () => {
      expect(await bench().store.clients.list({ limit: 10 })).to.deep.equal([]);
    });

    it('the first administrator is made once in the life of a store', async () => {
      const { store, peer } = bench();
      const made = await Promise.all(
        [store, peer].map((server, index) =>
          server.clients.bootstrap(clientRecord(`admin${index}`), auditEntry('Bootstrap')),
        ),
      );
      expect(made.filter(Boolean)).to.have.length(1);
      const [admin] = await store.clients.list({ limit: 10 });
      expect(admin).not.to.equal(undefined);
      if (admin === undefined) return;
      await store.clients.delete(admin.clientId, admin, audit);
      expect(await peer.clients.bootstrap(clientRecord('again'), auditEntry('Bootstrap'))).to.equal(false);
      expect(await store.clients.list({ limit: 10 })).to.deep.equal([]);
      expect((await store.keyRings.read())?.marker.bootstrapDone).to.equal(true);
    });

    describe('a secret that is used', () => {
      const used = 1_900_000_100_000;

      /** Looks until the time of use is the wanted one: it is written behind the answer's back. */
      const seenUse = async (wanted: number): Promise<void> => {
        for (;;) {
          const { client } = await bench().peer.clients.look(clientId('a'));
          if (client?.secrets[0]?.lastUsedTimeMs === wanted) return;
        }
      };

      it('shows when, changing neither version nor etag', async () => {
        const { store } = bench();
        await store.clients.create(
          clientRecord('a', { secrets: [storedSecret('s1'), storedSecret('s2')] }),
          never,
          audit,
        );
        store.clients.touchSecret(clientId('a'), secretId('s1'), used);
        await seenUse(used);
        const { client } = await store.clients.look(clientId('a'));
        expect(client).to.deep.equal({
          ...clientRecord('a'),
          secrets: [storedSecret('s1', { lastUsedTimeMs: used }), storedSecret('s2')],
          generation: 0,
          mark: undefined,
        });
      });

      it('keeps the time over a replacement by someone who had not seen it', async () => {
        const { store } = bench();
        await store.clients.create(clientRecord('a'), never, audit);
        store.clients.touchSecret(clientId('a'), secretId('s1'), used);
        await seenUse(used);
        const changed = clientRecord('a', { secrets: [storedSecret('s1'), storedSecret('s2')], version: 2 });
        await store.clients.replace(
          changed,
          { version: 1, generation: never },
          { raiseGeneration: false },
          audit,
        );
        const { client } = await store.clients.look(clientId('a'));
        expect(client?.secrets.map((secret) => secret.lastUsedTimeMs)).to.deep.equal([used, undefined]);
      });

      it('brings back neither a deleted client nor a deleted secret', async () => {
        const { store } = bench();
        await store.clients.create(clientRecord('gone'), never, audit);
        await store.clients.delete(clientId('gone'), { version: 1, generation: never }, audit);
        await store.clients.create(
          clientRecord('a', { secrets: [storedSecret('s1'), storedSecret('s2')] }),
          never,
          audit,
        );
        await store.clients.revokeSecret(clientId('a'), secretId('s2'), audit);
        store.clients.touchSecret(clientId('gone'), secretId('s1'), used);
        store.clients.touchSecret(clientId('a'), secretId('s2'), used);
        store.clients.touchSecret(clientId('never'), secretId('s1'), used);
        // Written in order, so once this one shows the others have been tried.
        store.clients.touchSecret(clientId('a'), secretId('s1'), used);
        await seenUse(used);
        expect((await store.clients.look(clientId('gone'))).client).to.equal(undefined);
        expect((await store.clients.look(clientId('never'))).client).to.equal(undefined);
        const { client } = await store.clients.look(clientId('a'));
        expect(client?.secrets.map((secret) => secret.secretId)).to.deep.equal(['s1']);
        expect((await store.clients.list({ limit: 10 })).map(({ clientId: id }) => id)).to.deep.equal(['a']);
      });
    });
  });
};
