import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { systemClock } from '../../../src/adapters/system.js';
import { AuthError, invalidClient } from '../../../src/domain/errors.js';
import type { TokenId } from '../../../src/domain/ids.js';
import { eventually } from '../../support/eventually.js';
import { auditEntry, clientId, clientRecord, generation, tokenId } from '../../support/records.js';
import { FeedClient, type FeedServer, startFeedServer } from './feed-server.js';

const FAR = 4_000_000_000;
const audit = auditEntry('Test');

describe('WatchRevocations', () => {
  let server: FeedServer;
  let clients: FeedClient[];

  const watch = (cursor?: string, credential?: string): FeedClient => {
    const client = new FeedClient(server.address, cursor, credential);
    clients.push(client);
    return client;
  };
  const revoke = (name: string): Promise<void> =>
    server.store.ledger.revokeToken(tokenId(name), FAR, undefined);
  const watching = (count: number): Promise<unknown> =>
    eventually(() => expect(server.hub.status().watchers).to.equal(count), 5000);

  beforeEach(async () => {
    server = await startFeedServer();
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await server.close();
  });

  it('sends the ledger with its parts numbered and marked, a heartbeat, and then every kind of change', async () => {
    const { store } = server;
    await store.clients.create(clientRecord('a'), generation(0), audit);
    await store.feed.merge(
      Array.from({ length: 2001 }, (_, index) => ({
        kind: 'token' as const,
        tokenId: tokenId(`t${index}`),
        forgetAtSeconds: FAR,
      })),
    );
    const client = watch();
    await client.until(() => client.beats.length > 0);
    expect(
      client.parts.map(({ first, last, partNumber, revocations }) => ({
        first,
        last,
        partNumber,
        count: revocations.length,
      })),
    ).to.deep.equal([
      { first: true, last: false, partNumber: 1, count: 1000 },
      { first: false, last: false, partNumber: 2, count: 1000 },
      { first: false, last: true, partNumber: 3, count: 1 },
    ]);
    expect(client.parts.map(({ cursor }) => cursor.split(':')[1])).to.deep.equal(['-', '-', '2001']);
    expect(client.beats[0]?.cursor).to.equal(client.parts[2]?.cursor);

    await store.clients.revokeTokens(clientId('a'), audit);
    await revoke('one');
    await client.until(() => client.changeCount === 2);
    const { generation: raised } = await store.clients.look(clientId('a'));
    expect(client.changes.map(({ kind }) => kind)).to.deep.equal([
      { $case: 'clientGeneration', value: { clientId: 'a', generation: raised } },
      { $case: 'token', value: { tokenId: 'one', forgetAtSeconds: FAR } },
    ]);
    expect(client.changes.map(({ cursor }) => cursor.split(':')[1])).to.deep.equal(['2002', '2003']);
  });

  it('resumes from the last cursor without loss or repetition', async () => {
    const first = watch();
    await first.until(() => first.parts.length === 1);
    await revoke('a');
    await first.until(() => first.changeCount === 1);
    first.close();
    await revoke('b');
    await revoke('c');
    const second = watch(first.messages.at(-1)?.cursor);
    await second.until(() => second.changeCount === 2);
    expect(second.parts).to.deep.equal([]);
    expect(second.changes.map(({ kind }) => kind?.value)).to.deep.equal([
      { tokenId: 'b', forgetAtSeconds: FAR },
      { tokenId: 'c', forgetAtSeconds: FAR },
    ]);
  });

  it('never makes a reader think the store younger than it was: the times are whole, and rounded to the old side', async () => {
    const sentAt = systemClock.monotonic();
    const client = watch();
    await client.until(() => client.beats.length > 0);
    const [beat] = client.beats;
    const opened = beat?.streamOpenedMonotonicMs ?? 0;
    const confirmed = beat?.storeConfirmedMonotonicMs ?? 0;
    expect(Number.isInteger(opened) && Number.isInteger(confirmed)).to.equal(true);
    expect(opened).to.be.greaterThan(sentAt);
    expect(confirmed).to.be.at.most(systemClock.monotonic());
  });

  it('is refused like any call: without a credential, or with a cursor that no server ever sent', async () => {
    const nobody = await watch('', '').failed();
    expect(nobody.code).to.equal(status.UNAUTHENTICATED);
    expect(nobody.metadata.get('countersign-error')).to.deep.equal(['invalid_client']);
    const confused = await watch('nonsense').failed();
    expect(confused.code).to.equal(status.INVALID_ARGUMENT);
    expect(confused.metadata.get('countersign-error')).to.deep.equal(['invalid_request']);
    expect(server.hub.status().watchers).to.equal(0);
  });

  it('ends when the watching client itself is revoked, with the words that a new call would hear', async () => {
    await server.store.clients.create(clientRecord('watcher'), generation(0), audit);
    const client = watch();
    await client.until(() => client.parts.length === 1);
    server.admit = async () => {
      throw invalidClient();
    };
    await server.store.clients.revoke(clientId('watcher'), { by: 'x', reason: '' }, audit);
    expect((await client.failed()).code).to.equal(status.UNAUTHENTICATED);
    await watching(0);
  });

  it('ends when the token that opened it is revoked, and outlives the revocation of any other', async () => {
    server.admit = async () => ({
      clientId: clientId('watcher'),
      scopes: [],
      servesAudiences: [],
      bearer: { tokenId: 'mine' as TokenId, expiresAtMs: Date.now() + 60_000 },
    });
    const client = watch();
    await client.until(() => client.parts.length === 1);
    server.admit = async () => {
      throw new AuthError('invalid_token', 'no');
    };
    await revoke('other');
    await client.until(() => client.changeCount === 1);
    expect(server.hub.status().watchers).to.equal(1);
    await revoke('mine');
    expect((await client.failed()).metadata.get('countersign-error')).to.deep.equal(['invalid_token']);
  });

  for (const [what, stop] of [
    ['server stops', () => server.drain()],
    ['hub is closed', () => server.hub.close()],
  ] as const) {
    it(`ends with UNAVAILABLE when the ${what}, so that the reader resumes at another`, async () => {
      const client = watch();
      await watching(1);
      stop();
      const error = await client.failed();
      expect(error.code).to.equal(status.UNAVAILABLE);
      expect(error.metadata.get('countersign-error')).to.deep.equal(['temporarily_unavailable']);
      expect(error.details).to.match(/resume/);
      await watching(0);
    });
  }

  it('leaves nothing behind when the reader goes', async () => {
    const client = watch();
    await watching(1);
    client.close();
    await watching(0);
    expect(server.outcomes.map(({ code }) => code)).to.deep.equal(['cancelled']);
  });

  it('holds up nobody for a reader that does not read, and bounds what it keeps for it', async () => {
    const stuck = watch();
    const quick = watch();
    await Promise.all([stuck, quick].map((one) => one.until(() => one.parts.length === 1)));
    stuck.stream.pause();
    await server.store.feed.merge(
      Array.from({ length: 3000 }, (_, index) => ({
        kind: 'token' as const,
        tokenId: tokenId(`a-rather-long-token-id-${'x'.repeat(30)}-${index}`),
        forgetAtSeconds: FAR,
      })),
    );
    await quick.until(() => quick.changeCount === 3000);
    expect(stuck.messages.length).to.be.lessThan(3000);
    stuck.stream.resume();
    await stuck.until(() => stuck.changeCount === 3000);
    expect(stuck.changes).to.deep.equal(quick.changes);
  });
});
