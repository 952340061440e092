import { expect } from 'chai';
import {
  Client as ClientMessage,
  ClientStatus,
  ClientServiceService as Clients,
  CreateClientRequest,
  UpdateClientRequest,
} from '../../../src/wire/gen/countersign/v1/client_service.js';
import { TokenServiceService as Token } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { type AnyMethod, ask, basic, type Door, openDoor } from './door.js';

const wanted = (changes: Partial<ClientMessage> = {}): ClientMessage =>
  ClientMessage.create({
    displayName: 'Orders ✓',
    allowedScopes: ['orders:read', 'orders:write'],
    defaultScopes: ['orders:read'],
    allowedAudiences: ['https://orders.test'],
    labels: { team: 'a/b' },
    ...changes,
  });

describe('ClientService over gRPC', () => {
  let door: Door;
  beforeEach(async () => {
    door = await openDoor();
  });
  afterEach(() => door.close());

  /** As the administrator; answers the response, or our code. */
  const act = async <Request, Response>(method: AnyMethod<Request, Response>, request: Request) => {
    const { response, error } = await ask(door.client, method, request, basic(door.service.admin));
    return response ?? error;
  };
  const done = async <Request, Response>(method: AnyMethod<Request, Response>, request: Request) => {
    const answer = await act(method, request);
    if (typeof answer === 'string' || answer === undefined) expect.fail(`refused: ${answer}`);
    return answer;
  };
  const create = (client: ClientMessage, changes: Partial<CreateClientRequest> = {}) =>
    done(Clients.createClient, CreateClientRequest.create({ client, ...changes }));
  const issue = async (clientId: string, secret: string) => {
    const asked = { clientId: '', clientSecret: '', scopes: [], audience: '', ttlSeconds: 0 };
    const { response, error } = await ask(door.client, Token.issueToken, asked, basic({ clientId, secret }));
    return response?.accessToken ?? error ?? '';
  };
  const isActive = async (token: string) => (await done(Token.introspectToken, { token })).active;

  it('registers a client as asked, shows its secret once, and answers it by id', async () => {
    const ext = { team: 'a', list: [1, 'two', null, { three: false }] };
    const { client, clientSecret, secretId } = await create(
      wanted({ clientId: 'orders', ext, status: ClientStatus.CLIENT_STATUS_REVOKED, etag: 'mine' }),
    );
    expect(clientSecret).to.match(/^cs_[A-Za-z0-9]{43,}/);
    expect(client).to.deep.include({
      ...wanted({ clientId: 'orders', ext, status: ClientStatus.CLIENT_STATUS_ACTIVE }),
      secrets: client?.secrets,
      createTime: client?.createTime,
      updateTime: client?.createTime,
      etag: '1-0',
    });
    expect(client?.secrets.map((secret) => secret.secretId)).to.deep.equal([secretId]);
    expect((await done(Clients.getClient, { clientId: 'orders' })).client).to.deep.equal(client);
    expect(JSON.stringify(client)).not.to.include(clientSecret);
    expect(await issue('orders', clientSecret)).to.match(/^v4\.public\./);
  });

  it('generates an id where none is chosen, and takes a secret that is brought along', async () => {
    const importedSecret = 'brought-from-elsewhere-0123456789';
    const { client, clientSecret } = await create(wanted(), { importedSecret });
    expect(client?.clientId).to.match(/^[A-Za-z0-9._-]{1,64}$/);
    expect(clientSecret).to.equal('');
    expect(await issue(client?.clientId ?? '', importedSecret)).to.match(/^v4\.public\./);
  });

  it('refuses a second client by the same id, but not the same act again', async () => {
    const request = CreateClientRequest.create({
      client: wanted({ clientId: 'orders' }),
      requestId: 'act-1',
    });
    const first = await done(Clients.createClient, request);
    const again = await done(Clients.createClient, request);
    expect(again.clientSecret).not.to.equal(first.clientSecret);
    expect(again.client?.secrets).to.have.length(1);
    expect(await issue('orders', first.clientSecret)).to.equal('invalid_client');
    expect(await act(Clients.createClient, { ...request, requestId: 'act-2' })).to.equal('already_exists');
    expect(await act(Clients.createClient, { ...request, requestId: 'no act' })).to.equal('invalid_request');
  });

  for (const [what, changes] of [
    ['an id that storage keys could not bear', { clientId: 'a:{b}' }],
    ['no audience', { allowedAudiences: [] }],
    ['a default that is not allowed', { defaultScopes: ['other'] }],
    ['a name with a line break', { displayName: 'a\nb' }],
    ['a label that is malformed', { labels: { 'a b': 'c' } }],
    ['a number that is none', { ext: { a: Number.NaN } }],
    ['claims beyond 1 KiB', { ext: { a: 'x'.repeat(1100) } }],
    ['a life below zero', { tokenTtlSeconds: -5 }],
  ] as const) {
    it(`registers nobody with ${what}`, async () => {
      const request = CreateClientRequest.create({ client: wanted(changes as Partial<ClientMessage>) });
      expect(await act(Clients.createClient, request)).to.equal('invalid_request');
    });
  }

  it('changes what the mask names and nothing else, and only what has not changed meanwhile', async () => {
    const { client } = await create(wanted({ clientId: 'orders' }));
    const change = (changes: Partial<ClientMessage>, updateMask: string[], etag = '') =>
      act(
        Clients.updateClient,
        UpdateClientRequest.create({
          client: ClientMessage.create({ clientId: 'orders', ...changes, etag }),
          updateMask,
        }),
      );
    const changed = await change(
      { displayName: 'New', allowedScopes: ['z'] },
      ['display_name'],
      client?.etag,
    );
    expect(changed).to.have.nested.property('client.displayName', 'New');
    expect(changed).to.have.deep.nested.property('client.allowedScopes', client?.allowedScopes);
    expect(await change({ displayName: 'Newer' }, ['display_name'], client?.etag)).to.equal('conflict');
    for (const mask of [[], ['client_id'], ['secrets'], ['__proto__'], ['constructor']]) {
      expect(await change({}, mask), mask.join()).to.equal('invalid_request');
    }
    expect(await act(Clients.updateClient, UpdateClientRequest.create({}))).to.equal('invalid_request');
    const empty = await change({ defaultScopes: [], labels: {} }, ['default_scopes', 'labels']);
    expect(empty).to.have.deep.nested.property('client.labels', {});
  });

  it('lists every client once, page by page', async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `client-${index}`);
    for (const clientId of ids) await create(wanted({ clientId }));
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await done(Clients.listClients, { pageSize: 3, pageToken });
      expect(page.clients.length).to.be.within(1, 3);
      seen.push(...page.clients.map(({ clientId }) => clientId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).to.deep.equal(['admin', ...ids]);
    expect(await act(Clients.listClients, { pageSize: -1, pageToken })).to.equal('invalid_request');
    expect(await act(Clients.listClients, { pageSize: 501, pageToken })).to.equal('invalid_request');
    expect(await act(Clients.listClients, { pageSize: 1, pageToken: 'mine' })).to.equal('invalid_request');
  });

  it('cuts a page short rather than answer more than a megabyte', async () => {
    const audiences = (letter: string) =>
      Array.from({ length: 64 }, (_, index) => `${letter}${index}`.padEnd(250, 'x'));
    const big = wanted({ allowedAudiences: audiences('a'), servesAudiences: audiences('b') });
    for (let index = 0; index < 60; index += 1) await create({ ...big, clientId: `big-${index}` });
    const seen = new Set<string>();
    let pageToken = '';
    do {
      const page = await done(Clients.listClients, { pageSize: 500, pageToken });
      for (const { clientId } of page.clients) seen.add(clientId);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen.size).to.equal(61);
  });

  it('rotates, ends a secret, revokes, reinstates, kills tokens and deletes, each for good', async () => {
    const { clientSecret: first, secretId } = await create(wanted({ clientId: 'orders' }));
    const rotation = { clientId: 'orders', revokeTokens: false, requestId: '', importedSecret: '' };
    const second = await done(Clients.rotateClientSecret, { ...rotation, overlapSeconds: 60 });
    expect(second.client?.secrets).to.have.length(2);
    expect(second.client?.secrets.find((secret) => secret.secretId === secretId)?.expireTime).to.be.a('date');
    const token = await issue('orders', first);
    expect(await isActive(token)).to.equal(true);

    await done(Clients.revokeClientSecret, { clientId: 'orders', secretId });
    expect(await issue('orders', first)).to.equal('invalid_client');
    expect(await isActive(token)).to.equal(true);

    await done(Clients.revokeClientTokens, { clientId: 'orders', reason: 'a test' });
    expect(await isActive(token)).to.equal(false);
    const fresh = await issue('orders', second.clientSecret);
    expect(await isActive(fresh)).to.equal(true);

    const { client: revoked } = await done(Clients.revokeClient, { clientId: 'orders', reason: 'leaked' });
    expect(revoked).to.deep.include({
      status: ClientStatus.CLIENT_STATUS_REVOKED,
      revokedBy: 'admin',
      revokeReason: 'leaked',
    });
    expect(revoked?.revokeTime).to.be.a('date');
    expect(await isActive(fresh)).to.equal(false);
    expect(await issue('orders', second.clientSecret)).to.equal('invalid_client');

    const { client: back } = await done(Clients.reinstateClient, { clientId: 'orders' });
    expect(back).to.deep.include({
      status: ClientStatus.CLIENT_STATUS_ACTIVE,
      revokedBy: '',
      revokeReason: '',
    });
    expect(back?.revokeTime).to.equal(undefined);
    expect(await isActive(fresh)).to.equal(false);
    const last = await issue('orders', second.clientSecret);
    expect(await isActive(last)).to.equal(true);

    expect(await act(Clients.deleteClient, { clientId: 'orders', etag: '1-0' })).to.equal('conflict');
    await done(Clients.deleteClient, { clientId: 'orders', etag: back?.etag ?? '' });
    expect(await isActive(last)).to.equal(false);
    for (const method of [Clients.getClient, Clients.reinstateClient]) {
      expect(await act(method as AnyMethod<{ clientId: string }, unknown>, { clientId: 'orders' })).to.equal(
        'not_found',
      );
    }
    await create(wanted({ clientId: 'orders' }));
    expect(await isActive(last)).to.equal(false);
  });

  it('refuses a sixth live secret', async () => {
    await create(wanted({ clientId: 'orders' }));
    const rotate = () =>
      act(Clients.rotateClientSecret, {
        clientId: 'orders',
        overlapSeconds: 60,
        revokeTokens: false,
        requestId: '',
        importedSecret: '',
      });
    for (let count = 2; count <= 5; count += 1) expect(await rotate()).not.to.be.a('string');
    expect(await rotate()).to.equal('conflict');
  });
});
