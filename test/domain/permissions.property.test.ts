import { expect } from 'chai';
import fc from 'fast-check';
import type { Call, Credential } from '../../src/domain/call.js';
import type { ClientSettings } from '../../src/domain/client.js';
import { AuthError } from '../../src/domain/errors.js';
import { RPC_RULES } from '../../src/domain/permission.js';
import { callWith, clientSettings, ISSUER, makeService, type Service } from '../support/service.js';

const ADMIN = 'countersign:admin';
const PERMISSIONS = [...new Set(Object.values(RPC_RULES))].filter((rule) => rule.startsWith('countersign:'));
const SCOPES = [...PERMISSIONS, ADMIN];

/** What clients can be, by the scopes of ours that they have. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'an ordinary client': [],
  'a client that introspects': ['countersign:introspect'],
  'a client that writes clients': ['countersign:clients:write'],
  'a client with the keys and the trail': ['countersign:keys', 'countersign:audit'],
  'a client with a scope that nobody knows yet': ['countersign:future'],
  'an administrator': [ADMIN],
};

/** The law, told a second time and in other words than the code's. */
const can = (scopes: readonly string[], wanted: string): boolean =>
  scopes.some((scope) => scope === wanted || scope === ADMIN);
const canReach = (scopes: readonly string[], ...clients: (readonly string[])[]): boolean =>
  clients.flat().every((scope) => !/^countersign:/.test(scope) || can(scopes, scope));

const settingsWith = (own: readonly string[], changes: Partial<ClientSettings> = {}): ClientSettings =>
  clientSettings({
    allowedScopes: ['x', ...own],
    defaultScopes: ['x'],
    allowedAudiences: [ISSUER, 'https://orders.test'],
    ...changes,
  });

const outcomeOf = async (act: Promise<unknown>): Promise<string> => {
  try {
    await act;
    return 'ok';
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return error.code;
  }
};

const subsets = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_, index) => bits & (1 << index)));

/** A client of some kind that an act is tried on, with all that it could be used for. */
interface Target {
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly token: string;
  readonly secretId: string;
}

interface Act {
  /** Whether the law lets a caller with these scopes do it to such a client. */
  readonly lawful: (scopes: readonly string[], target: readonly string[]) => boolean;
  readonly prepare?: (service: Service, target: Target, admin: Call) => Promise<unknown>;
  readonly run: (service: Service, target: Target, call: Call, fresh: string) => Promise<unknown>;
}

const write = 'countersign:clients:write';
const revoke = 'countersign:clients:revoke';

const ACTS: Readonly<Record<string, Act>> = {
  'create one such': {
    lawful: (scopes, target) => can(scopes, write) && canReach(scopes, target),
    run: ({ useCases }, { scopes }, call, fresh) =>
      useCases.createClient(
        { clientId: fresh, settings: settingsWith(scopes), importedSecret: '', requestId: '' },
        call,
      ),
  },
  'make an ordinary client one such': {
    lawful: (scopes, target) => can(scopes, write) && canReach(scopes, target),
    run: async (service, { scopes }, call, fresh) => {
      await service.register(fresh, settingsWith([]));
      return update(service, fresh, scopes, call);
    },
  },
  'take its scopes away': {
    lawful: (scopes, target) => can(scopes, write) && canReach(scopes, target),
    run: (service, { clientId }, call) => update(service, clientId, [], call),
  },
  'rotate its secret': {
    lawful: (scopes, target) => can(scopes, write) && canReach(scopes, target),
    run: ({ useCases }, { clientId }, call) =>
      useCases.rotateClientSecret(
        { clientId, overlapSeconds: 0, revokeTokens: false, requestId: '', importedSecret: '' },
        call,
      ),
  },
  'reinstate it': {
    lawful: (scopes, target) => can(scopes, write) && canReach(scopes, target),
    prepare: ({ useCases }, { clientId }, admin) => useCases.revokeClient({ clientId, reason: '' }, admin),
    run: ({ useCases }, { clientId }, call) => useCases.reinstateClient({ clientId }, call),
  },
  'delete it': {
    lawful: (scopes, target) => can(scopes, write) && canReach(scopes, target),
    run: ({ useCases }, { clientId }, call) => useCases.deleteClient({ clientId, etag: '' }, call),
  },
  'revoke it': {
    lawful: (scopes) => can(scopes, revoke),
    run: ({ useCases }, { clientId }, call) => useCases.revokeClient({ clientId, reason: '' }, call),
  },
  'kill its tokens': {
    lawful: (scopes) => can(scopes, revoke),
    run: ({ useCases }, { clientId }, call) => useCases.revokeClientTokens({ clientId, reason: '' }, call),
  },
  'end its secret': {
    lawful: (scopes) => can(scopes, revoke),
    run: ({ useCases }, { clientId, secretId }, call) =>
      useCases.revokeClientSecret({ clientId, secretId }, call),
  },
  'revoke a token of it by id': {
    lawful: (scopes) => can(scopes, revoke),
    run: ({ useCases }, { clientId }, call) => useCases.revokeTokenById({ clientId, tokenId: 'any' }, call),
  },
  'revoke a token of it': {
    lawful: (scopes) => can(scopes, revoke),
    run: ({ useCases }, { token }, call) => useCases.revokeToken({ token }, call),
  },
  'introspect a token of it': {
    lawful: (scopes) => can(scopes, 'countersign:introspect'),
    run: ({ useCases }, { token }, call) => useCases.introspectToken({ token }, call),
  },
  'read it': {
    lawful: (scopes) => can(scopes, 'countersign:clients:read'),
    run: ({ useCases }, { clientId }, call) => useCases.getClient({ clientId }, call),
  },
};

const update = ({ useCases }: Service, clientId: string, own: readonly string[], call: Call) =>
  useCases.updateClient(
    {
      clientId,
      settings: settingsWith(own),
      updateMask: ['allowed_scopes', 'default_scopes'],
      etag: '',
      revokeTokens: false,
    },
    call,
  );

describe('permissions', () => {
  let service: Service;
  let admin: Call;
  let count = 0;
  const freshId = (): string => `client-${++count}`;
  const target = async (scopes: readonly string[]): Promise<Target> => {
    const clientId = freshId();
    const credential = await service.register(clientId, settingsWith(scopes));
    const token = await service.issue(credential, { audience: 'https://orders.test' });
    const { secrets } = await service.useCases.getClient({ clientId }, admin);
    return { clientId, scopes, token, secretId: secrets[0]?.secretId ?? '' };
  };

  beforeEach(async () => {
    service = await makeService();
    admin = callWith(service.admin);
  });
  afterEach(() => service.close());

  for (const [kind, scopesOfKind] of Object.entries(KINDS)) {
    it(`let every subset of them do to ${kind} what is lawful, and nothing else`, async function () {
      this.timeout(60_000);
      const everything = await service.register('everything', settingsWith(SCOPES));
      for (const subset of subsets(SCOPES)) {
        const bySecret = await service.register(freshId(), settingsWith(subset));
        // Whoever has everything can ask for a token that may do less, and then it may do less.
        const token = await service.issue(everything, { scopes: ['x', ...subset], audience: ISSUER });
        for (const credential of [bySecret, { kind: 'bearer', token } as const]) {
          for (const [name, act] of Object.entries(ACTS)) {
            const one = await target(scopesOfKind);
            await act.prepare?.(service, one, admin);
            const outcome = await outcomeOf(act.run(service, one, callWith(credential), freshId()));
            const expected = act.lawful(subset, scopesOfKind) ? 'ok' : 'insufficient_scope';
            expect(outcome, `${credential.kind} with [${subset}]: ${name}`).to.equal(expected);
          }
        }
      }
    });
  }

  it('cannot be widened by any sequence of acts, nor by those whose secrets come into one’s hands', async function () {
    this.timeout(60_000);
    const own = fc.subarray([...SCOPES, 'countersign:future']);
    const step = fc.record({
      /** Which of the credentials held so far is used, and how. */
      as: fc.nat(),
      bearer: fc.boolean(),
      act: fc.constantFrom('create', 'update', 'rotate', 'reinstate', 'delete', 'revoke', 'kill'),
      on: fc.nat(),
      scopes: own,
    });
    await fc.assert(
      fc.asyncProperty(own, fc.array(own, { maxLength: 3 }), fc.array(step, { maxLength: 14 }), escalates),
      { numRuns: 250 },
    );
  });

  async function escalates(
    mine: readonly string[],
    others: readonly (readonly string[])[],
    steps: readonly { as: number; bearer: boolean; act: string; on: number; scopes: readonly string[] }[],
  ): Promise<void> {
    const held: (Credential & { kind: 'secret' })[] = [await service.register(freshId(), settingsWith(mine))];
    const ids = [held[0]!.clientId];
    const before = new Map<string, readonly string[]>();
    for (const scopes of [[ADMIN], ...others]) {
      const { clientId } = await service.register(freshId(), settingsWith(scopes));
      ids.push(clientId);
      before.set(clientId, scopes);
    }

    for (const { as, bearer, act, on, scopes } of steps) {
      const secret = held[as % held.length]!;
      const clientId = ids[on % ids.length]!;
      const call = callWith(bearer ? await tokenOf(secret) : secret);
      await outcomeOf(perform(act, clientId, scopes, call, held, ids));
    }

    for (const credential of held) {
      const reached = await service.useCases.admit('RevokeToken', callWith(credential)).then(
        (caller) => caller.scopes,
        () => [],
      );
      expect(canReach(mine, reached), `[${mine}] came to [${reached}]`).to.equal(true);
    }
    for (const [clientId, scopes] of before) {
      if (canReach(mine, scopes)) continue;
      const { allowedScopes, secrets, version } = await service.useCases.getClient({ clientId }, admin);
      expect(allowedScopes).to.deep.equal(['x', ...scopes]);
      expect(secrets).to.have.length(1);
      expect(version).to.equal(1);
    }
  }

  async function tokenOf(secret: Credential & { kind: 'secret' }): Promise<Credential> {
    try {
      const { allowedScopes } = await service.useCases.getClient({ clientId: secret.clientId }, admin);
      return {
        kind: 'bearer',
        token: await service.issue(secret, { scopes: [...allowedScopes], audience: ISSUER }),
      };
    } catch {
      // Revoked, deleted or rotated away meanwhile.
      return { kind: 'none' };
    }
  }

  async function perform(
    act: string,
    clientId: string,
    scopes: readonly string[],
    call: Call,
    held: (Credential & { kind: 'secret' })[],
    ids: string[],
  ): Promise<unknown> {
    const { useCases } = service;
    switch (act) {
      case 'create': {
        const made = await useCases.createClient(
          { clientId: freshId(), settings: settingsWith(scopes), importedSecret: '', requestId: '' },
          call,
        );
        ids.push(made.client.clientId);
        return held.push({ kind: 'secret', clientId: made.client.clientId, secret: made.secret.shown });
      }
      case 'update':
        return update(service, clientId, scopes, call);
      case 'rotate': {
        const made = await useCases.rotateClientSecret(
          { clientId, overlapSeconds: 60, revokeTokens: false, requestId: '', importedSecret: '' },
          call,
        );
        return held.push({ kind: 'secret', clientId, secret: made.secret.shown });
      }
      case 'reinstate':
        return useCases.reinstateClient({ clientId }, call);
      case 'delete':
        return useCases.deleteClient({ clientId, etag: '' }, call);
      case 'revoke':
        return useCases.revokeClient({ clientId, reason: '' }, call);
      default:
        return useCases.revokeClientTokens({ clientId, reason: '' }, call);
    }
  }

  it('of a token are gone as soon as its client has lost them, or may not come here any more', async () => {
    const auditor = await service.register('auditor', settingsWith(['countersign:audit']));
    const token = await service.issue(auditor, { scopes: ['countersign:audit'], audience: ISSUER });
    const list = () =>
      outcomeOf(
        service.useCases.listAuditEvents({ pageSize: 0, pageToken: '' }, callWith({ kind: 'bearer', token })),
      );
    expect(await list()).to.equal('ok');
    await update(service, 'auditor', [], admin);
    expect(await list()).to.equal('insufficient_scope');
    await update(service, 'auditor', ['countersign:audit'], admin);
    expect(await list()).to.equal('ok');
    await service.useCases.updateClient(
      {
        clientId: 'auditor',
        settings: settingsWith([], { allowedAudiences: ['https://orders.test'] }),
        updateMask: ['allowed_audiences'],
        etag: '',
        revokeTokens: false,
      },
      admin,
    );
    expect(await list()).to.equal('insufficient_scope');
  });

  it('of an RPC without a rule are held by nobody', async () => {
    for (const rpc of ['Unknown', 'toString', '__proto__', '']) {
      expect(await outcomeOf(service.useCases.admit(rpc, admin)), rpc).to.equal('insufficient_scope');
    }
  });
});
