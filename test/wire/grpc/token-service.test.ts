import { expect } from 'chai';
import { ClientServiceService } from '../../../src/wire/gen/countersign/v1/client_service.js';
import {
  IntrospectTokenResponse,
  type IssueTokenRequest,
  KeyState,
  TokenServiceService as Token,
} from '../../../src/wire/gen/countersign/v1/token_service.js';
import { type Answer, type AnyMethod, ask, basic, bearer, type Door, openDoor, raw } from './door.js';

const NOTHING_ASKED: IssueTokenRequest = {
  clientId: '',
  clientSecret: '',
  scopes: [],
  audience: '',
  ttlSeconds: 0,
};

describe('TokenService over gRPC', () => {
  let door: Door;
  let orders: { clientId: string; secret: string };

  before(async () => {
    door = await openDoor();
    orders = await door.service.register('orders', { ext: { team: 'a', nested: { list: [1, null, true] } } });
  });
  after(() => door.close());

  const issue = (wanted: Partial<IssueTokenRequest>, metadata = basic(orders)) =>
    ask(door.client, Token.issueToken, { ...NOTHING_ASKED, ...wanted }, metadata);
  const introspect = (token: string, metadata = basic(door.service.admin)) =>
    ask(door.client, Token.introspectToken, { token }, metadata);
  const refused = (answer: Answer<unknown>): string => `${answer.status} ${answer.error}`;

  describe('IssueToken', () => {
    it('trades a secret, in the message or in the metadata, for a token that introspects as active', async () => {
      const inBody = ask(door.client, Token.issueToken, {
        ...NOTHING_ASKED,
        clientId: orders.clientId,
        clientSecret: orders.secret,
        scopes: ['orders:write'],
        ttlSeconds: 60,
      });
      for (const { response } of [await inBody, await issue({ scopes: ['orders:write'], ttlSeconds: 60 })]) {
        expect(response).to.deep.include({
          tokenType: 'Bearer',
          scopes: ['orders:write'],
          audience: 'https://orders.test',
          expiresInSeconds: 60,
        });
        expect(response?.expiresAt?.getTime()).to.be.closeTo(Date.now() + 60_000, 5000);
        const verdict = (await introspect(response?.accessToken ?? '')).response;
        expect(verdict).to.deep.include({
          active: true,
          clientId: 'orders',
          subject: 'orders',
          issuer: door.service.issuer,
          audience: 'https://orders.test',
          scopes: ['orders:write'],
          tokenId: response?.tokenId,
          ext: { team: 'a', nested: { list: [1, null, true] } },
        });
        expect(verdict?.expiresAt).to.deep.equal(response?.expiresAt);
        expect(verdict?.keyId).to.match(/^k4\.pid\./);
      }
    });

    it('tells the observer who called and which token was made', async () => {
      const { response } = await issue({});
      expect(door.finished.at(-1)?.outcome).to.deep.include({ rpc: 'IssueToken', code: 'ok' });
      expect(door.finished.at(-1)?.call.facts).to.deep.equal({
        clientId: 'orders',
        tokenId: response?.tokenId,
      });
    });

    for (const [what, wanted, answer] of [
      ['a scope that is not allowed', { scopes: ['countersign:admin'] }, 'INVALID_ARGUMENT invalid_scope'],
      [
        'a scope with a control character',
        { scopes: ['orders:\u0007read'] },
        'INVALID_ARGUMENT invalid_scope',
      ],
      ['10 000 scopes', { scopes: Array<string>(10_000).fill('a') }, 'INVALID_ARGUMENT invalid_scope'],
      ['an audience that is not allowed', { audience: 'https://x.test' }, 'INVALID_ARGUMENT invalid_target'],
      [
        'an audience with a line break',
        { audience: 'https://orders.test\n' },
        'INVALID_ARGUMENT invalid_target',
      ],
      ['a negative life', { ttlSeconds: -1 }, 'INVALID_ARGUMENT invalid_request'],
      ['a life above the ceiling', { ttlSeconds: 86_401 }, 'INVALID_ARGUMENT invalid_request'],
      [
        'the longest life a number can hold',
        { ttlSeconds: Number.MAX_SAFE_INTEGER },
        'INVALID_ARGUMENT invalid_request',
      ],
    ] as const) {
      it(`refuses ${what}`, async () => {
        expect(refused(await issue(wanted as Partial<IssueTokenRequest>))).to.equal(answer);
      });
    }

    it('refuses unknown, wrong, revoked and deleted clients alike, and says nothing else', async () => {
      const revoked = await door.service.register('revoked');
      await ask(
        door.client,
        ClientServiceService.revokeClient,
        { clientId: 'revoked', reason: '' },
        basic(door.service.admin),
      );
      const answers = await Promise.all([
        issue({}, basic({ clientId: 'nobody', secret: orders.secret })),
        issue({}, basic({ clientId: 'orders', secret: `${orders.secret}x` })),
        issue({}, basic({ clientId: '\u0000\n', secret: 'x' })),
        issue({}, basic(revoked)),
        ask(door.client, Token.issueToken, { ...NOTHING_ASKED, clientId: 'orders' }),
        ask(door.client, Token.issueToken, NOTHING_ASKED),
      ]);
      for (const { status, error, details } of answers) {
        expect({ status, error, details }).to.deep.equal({
          status: 'UNAUTHENTICATED',
          error: 'invalid_client',
          details: 'Client authentication failed.',
        });
      }
    });

    it('gives a client that may only introspect no token', async () => {
      const watcher = await door.service.register('watcher', {
        introspectionOnly: true,
        allowedAudiences: [],
        allowedScopes: ['countersign:introspect'],
        defaultScopes: [],
      });
      expect(refused(await issue({}, basic(watcher)))).to.equal('PERMISSION_DENIED unauthorized_client');
    });
  });

  describe('introspection', () => {
    it('of anything that is not a living token of ours is inactive, and the answer holds nothing else', async () => {
      const token = await door.service.issue({ kind: 'secret', ...orders });
      const middle = Math.floor(token.length / 2);
      const flipped = token[middle] === 'A' ? 'B' : 'A';
      for (const dead of [
        'x',
        token.slice(0, -1),
        token.slice(0, middle),
        token.slice(0, middle) + flipped + token.slice(middle + 1),
        `${token}=`,
        ` ${token}`,
        token.replace('v4.public', 'v4.local'),
        token.replace('v4.public', 'v3.public'),
        token.replace('v4.public', 'v2.public'),
        token.replace('v4.public', 'v1.public'),
        token.split('.').slice(0, 3).join('.'),
        `${token.split('.').slice(0, 3).join('.')}.${Buffer.from('{"kid":"x"}').toString('base64url')}`,
        'v4.public.',
        '\u0000'.repeat(64),
        'é'.repeat(1000),
        'v4.public.'.padEnd(5000, 'A'),
      ]) {
        const { response, status } = await introspect(dead);
        expect(status, dead).to.equal('OK');
        expect(response, dead).to.deep.equal(IntrospectTokenResponse.create());
      }
    });

    it('answers a batch in its order, and refuses an empty one and one of 101', async () => {
      const token = await door.service.issue({ kind: 'secret', ...orders });
      const batch = (tokens: string[]) =>
        ask(door.client, Token.batchIntrospectTokens, { tokens }, basic(door.service.admin));
      const { response } = await batch(['x', token, 'y', token]);
      expect(response?.results.map(({ active }) => active)).to.deep.equal([false, true, false, true]);
      expect(refused(await batch([]))).to.equal('INVALID_ARGUMENT invalid_request');
      expect(refused(await batch(Array(101).fill('x')))).to.equal('INVALID_ARGUMENT invalid_request');
    });

    it('takes a batch of a hundred tokens of 4 KiB each, far beyond what another message may have', async () => {
      const tokens = Array<string>(100).fill('v4.public.'.padEnd(4096, 'A'));
      const { response } = await ask(
        door.client,
        Token.batchIntrospectTokens,
        { tokens },
        basic(door.service.admin),
      );
      expect(response?.results).to.have.length(100);
    });

    it('needs a caller, the permission, and an audience that the caller serves', async () => {
      const token = await door.service.issue({ kind: 'secret', ...orders });
      expect(refused(await introspect(token, bearer('x')))).to.equal('UNAUTHENTICATED invalid_token');
      expect(refused(await introspect(token, basic(orders)))).to.equal(
        'PERMISSION_DENIED insufficient_scope',
      );
      const checker = await door.service.register('checker', {
        allowedScopes: ['countersign:introspect'],
        defaultScopes: [],
        servesAudiences: ['https://elsewhere.test'],
      });
      expect((await introspect(token, basic(checker))).response).to.deep.equal(
        IntrospectTokenResponse.create(),
      );
      expect(refused(await introspect('', basic(door.service.admin)))).to.equal(
        'INVALID_ARGUMENT invalid_request',
      );
    });
  });

  describe('revocation', () => {
    it('of a token ends it, and is told only for living tokens of others that this is not allowed', async () => {
      const token = await door.service.issue({ kind: 'secret', ...orders });
      const other = await door.service.register('other');
      const revoke = (what: string, metadata = basic(orders)) =>
        ask(door.client, Token.revokeToken, { token: what }, metadata);
      expect(refused(await revoke(token, basic(other)))).to.equal('PERMISSION_DENIED insufficient_scope');
      expect((await introspect(token)).response?.active).to.equal(true);
      expect((await revoke(token)).status).to.equal('OK');
      expect((await introspect(token)).response?.active).to.equal(false);
      for (const again of [token, 'garbage']) expect((await revoke(again)).status).to.equal('OK');
      expect(refused(await revoke(''))).to.equal('INVALID_ARGUMENT invalid_request');
    });

    it('by id ends a token known only from a log', async () => {
      const { response } = await issue({});
      const byId = (clientId: string, tokenId: string, metadata = basic(door.service.admin)) =>
        ask(door.client, Token.revokeTokenById, { clientId, tokenId }, metadata);
      const tokenId = response?.tokenId ?? '';
      expect(refused(await byId('orders', tokenId, basic(orders)))).to.equal(
        'PERMISSION_DENIED insufficient_scope',
      );
      expect((await byId('orders', tokenId)).status).to.equal('OK');
      expect((await introspect(response?.accessToken ?? '')).response?.active).to.equal(false);
      expect(refused(await byId('orders', 'no id'))).to.equal('INVALID_ARGUMENT invalid_request');
    });
  });

  it('shows the verification keys to anybody', async () => {
    const { response } = await ask(door.client, Token.listVerificationKeys, {});
    expect(response?.refreshAfterSeconds).to.equal(300);
    expect(response?.keys).to.have.length(1);
    expect(response?.keys[0]).to.deep.include({ state: KeyState.KEY_STATE_ACTIVE });
    expect(response?.keys[0]?.publicKey).to.match(/^k4\.public\./);
  });

  it('a default token, replayed by whoever received it, can do nothing here', async () => {
    const token = bearer(await door.service.issue({ kind: 'secret', ...orders }));
    const tries = [
      introspect('x', token),
      ask(door.client, Token.batchIntrospectTokens, { tokens: ['x'] }, token),
      ask(door.client, Token.revokeToken, { token: 'x' }, token),
      ask(door.client, Token.revokeTokenById, { clientId: 'orders', tokenId: 'x' }, token),
      ...Object.values(ClientServiceService).map((method) =>
        ask(door.client, raw(method as AnyMethod<never, unknown>), Buffer.alloc(0), token),
      ),
    ];
    for (const answer of await Promise.all(tries)) {
      expect(refused(answer)).to.equal('UNAUTHENTICATED invalid_token');
    }
    expect(refused(await issue({}, token))).to.equal('UNAUTHENTICATED invalid_client');
  });
});
