import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { ClientServiceService } from '../../../src/wire/gen/countersign/v1/client_service.js';
import { TokenServiceService as Token } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { ask, basic, bearer, type Door, metadataOf, openDoor } from './door.js';
import { ALIAS, startRenamingProxy } from './renaming-proxy.js';

describe('a credential over gRPC', () => {
  let door: Door;
  let orders: { clientId: string; secret: string };
  let adminToken: string;

  before(async () => {
    door = await openDoor();
    orders = await door.service.register('orders');
    adminToken = await door.service.issue(door.service.admin);
  });
  after(() => door.close());

  const list = async (metadata: Metadata) => {
    const { status, error } = await ask(
      door.client,
      ClientServiceService.listClients,
      { pageSize: 0, pageToken: '' },
      metadata,
    );
    return error === undefined ? status : `${status} ${error}`;
  };
  const issue = async (
    metadata: Metadata,
    body: { clientId: string; secret: string },
    client = door.client,
  ) => {
    const { status, error } = await ask(
      client,
      Token.issueToken,
      { clientId: body.clientId, clientSecret: body.secret, scopes: [], audience: '', ttlSeconds: 0 },
      metadata,
    );
    return error === undefined ? status : `${status} ${error}`;
  };
  const nothing = { clientId: '', secret: '' };
  const pair = (text: string): string => Buffer.from(text).toString('base64');

  it('counts as Basic and as Bearer, the scheme in any case', async () => {
    const { clientId, secret } = door.service.admin;
    for (const scheme of ['Basic', 'basic', 'BASIC', 'bAsIc']) {
      expect(
        await list(metadataOf({ authorization: `${scheme} ${pair(`${clientId}:${secret}`)}` })),
      ).to.equal('OK');
    }
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect(await list(metadataOf({ Authorization: `${scheme} ${adminToken}` }))).to.equal('OK');
    }
  });

  it('left out of a guarded call is a failed authentication', async () => {
    expect(await list(new Metadata())).to.equal('UNAUTHENTICATED invalid_client');
  });

  for (const [what, value] of [
    ['of another scheme', `Digest ${pair('a:b')}`],
    ['without a scheme', pair('a:b')],
    ['that is empty', ''],
    ['that is Basic but no base64', 'Basic !!'],
    ['that is Basic but has no colon', `Basic ${pair('ab')}`],
    ['that is Basic with a bad escape', `Basic ${pair('a:%zz')}`],
    ['that is Basic with a secret of 6 kB', `Basic ${pair(`orders:${'x'.repeat(6000)}`)}`],
    ['that is Basic and longer than 8 KiB', `Basic ${pair(`orders:${'x'.repeat(9000)}`)}`],
    ['that is Basic with a control character', `Basic ${pair('orders:\u0000')}`],
  ] as const) {
    it(`${what} is a failed authentication`, async () => {
      expect(await list(metadataOf({ authorization: value }))).to.equal('UNAUTHENTICATED invalid_client');
      expect(await issue(metadataOf({ authorization: value }), nothing)).to.equal(
        'UNAUTHENTICATED invalid_client',
      );
    });
  }

  for (const [what, value] of [
    ['without a token', 'Bearer'],
    ['with two', 'Bearer a b'],
    ['with one that is none', 'Bearer v4.public.x'],
    ['with one of 8 kB', `Bearer v4.public.${'x'.repeat(8000)}`],
    ['with a Basic credential in its place', `Bearer ${pair('admin:x')}`],
  ] as const) {
    it(`that is Bearer ${what} is a token that is not accepted`, async () => {
      expect(await list(metadataOf({ authorization: value }))).to.equal('UNAUTHENTICATED invalid_token');
    });
  }

  it('in the message and in the metadata at once is refused, even the same and even in part', async () => {
    const both = 'INVALID_ARGUMENT invalid_request';
    expect(await issue(basic(orders), orders)).to.equal(both);
    expect(await issue(basic(orders), { clientId: 'orders', secret: '' })).to.equal(both);
    expect(await issue(basic(orders), { clientId: '', secret: orders.secret })).to.equal(both);
    expect(await issue(bearer(adminToken), orders)).to.equal(both);
    expect(await issue(metadataOf({ authorization: 'Digest x' }), orders)).to.equal(
      'UNAUTHENTICATED invalid_client',
    );
  });

  it('as Bearer gets no token: only a secret does', async () => {
    expect(await issue(bearer(adminToken), nothing)).to.equal('UNAUTHENTICATED invalid_client');
  });

  it('sent twice is refused, whichever of the two is good', async () => {
    const proxy = await startRenamingProxy(door.server.port);
    const client = new Client(proxy.address, credentials.createInsecure());
    const good = `Basic ${pair(`${orders.clientId}:${orders.secret}`)}`;
    try {
      for (const [first, second] of [
        [good, 'Basic x'],
        ['Basic x', good],
        [good, good],
      ] as const) {
        const answer = await issue(metadataOf({ authorization: first, [ALIAS]: second }), nothing, client);
        expect(answer).to.equal('INVALID_ARGUMENT invalid_request');
      }
      // Under its alias alone it is the only one, so the proxy does what it should.
      expect(await issue(metadataOf({ [ALIAS]: good }), nothing, client)).to.equal('OK');
    } finally {
      client.close();
      proxy.close();
    }
  });

  it('in a binary entry, or in one that resembles the right one, counts for nothing', async () => {
    const binary = new Metadata();
    binary.set('authorization-bin', Buffer.from(`Bearer ${adminToken}`));
    expect(await list(binary)).to.equal('UNAUTHENTICATED invalid_client');
    for (const key of ['proxy-authorization', 'x-authorization', 'cookie', ALIAS]) {
      expect(await list(metadataOf({ [key]: `Bearer ${adminToken}` })), key).to.equal(
        'UNAUTHENTICATED invalid_client',
      );
    }
    binary.set('authorization', `Bearer ${adminToken}`);
    expect(await list(binary)).to.equal('OK');
  });
});
