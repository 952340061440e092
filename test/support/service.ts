import { createMemoryStore } from '../../src/adapters/memory/memory-store.js';
import { openKeyRing } from '../../src/adapters/paseto/key-ring.js';
import { makeLocalKey } from '../../src/adapters/paseto/paserk.js';
import { makeTokenCodec } from '../../src/adapters/paseto/token-codec.js';
import { secretGenerator } from '../../src/adapters/secrets/secret-generator.js';
import { makeSecretHasher } from '../../src/adapters/secrets/secret-hasher.js';
import { makeRandomIds } from '../../src/adapters/system.js';
import type { Call, Credential } from '../../src/domain/call.js';
import type { ClientSettings } from '../../src/domain/client.js';
import { bootstrapAdministrator } from '../../src/domain/first-administrator.js';
import { makeMintSecret } from '../../src/domain/mint-secret.js';
import type { Clock, Store, TokenCodec } from '../../src/domain/ports.js';
import { makeUseCases, type UseCases } from '../../src/domain/use-cases.js';
import { systemClock } from './system-clock.js';

export const ISSUER = 'https://issuer.test';

const DAY_MS = 24 * 3600 * 1000;

/** The use-cases on real adapters, over a store of the test's own. */
export interface Service {
  readonly useCases: UseCases;
  readonly store: Store;
  readonly codec: TokenCodec;
  readonly issuer: string;
  /** May do everything here. */
  readonly admin: Credential & { readonly kind: 'secret' };
  /** Registers a client; answers its credential. */
  register(clientId: string, settings?: Partial<ClientSettings>): Promise<Service['admin']>;
  /** A token of a client, of its default scopes and audience unless told. */
  issue(credential: Credential, wanted?: { scopes?: string[]; audience?: string }): Promise<string>;
  close(): Promise<void>;
}

export async function makeService(options: { clock?: Clock; store?: Store } = {}): Promise<Service> {
  const { clock = systemClock } = options;
  const store = options.store ?? createMemoryStore({ clock });
  const policy = { periodMs: 30 * DAY_MS, leadMs: DAY_MS, overlapMs: 2 * DAY_MS };
  const keys = await openKeyRing({
    store: store.keyRings,
    masterKeys: { current: makeLocalKey(), previous: undefined },
    issuer: ISSUER,
    clock,
    policy,
    // Nothing looks after the ring here, and the clock may be moved by days.
    maxAgeMs: Number.POSITIVE_INFINITY,
  });
  const hasher = makeSecretHasher(keys);
  const ids = makeRandomIds();
  const codec = makeTokenCodec({ keys, issuer: ISSUER });
  const generator = secretGenerator;
  const useCases = makeUseCases(
    { ...store, keys, codec, hasher, generator, ids, clock },
    {
      issuer: ISSUER,
      life: { defaultSeconds: 3600, maxSeconds: 86_400 },
      refreshAfterSeconds: 300,
      keyPolicy: policy,
    },
  );
  const mintSecret = makeMintSecret({ generator, hasher, ids });
  const administrator = await bootstrapAdministrator(
    { clients: store.clients, mintSecret, clock, issuer: ISSUER },
    { clientId: 'admin', secret: '' },
  );
  if (administrator === undefined) throw new Error('the store had an administrator already');
  const admin = { kind: 'secret', ...administrator } as const;

  return {
    useCases,
    store,
    codec,
    issuer: ISSUER,
    admin,
    register: async (clientId, settings = {}) => {
      const { secret } = await useCases.createClient(
        { clientId, settings: clientSettings(settings), importedSecret: '', requestId: '' },
        callWith(admin),
      );
      return { kind: 'secret', clientId, secret: secret.shown };
    },
    issue: async (credential, { scopes = [], audience = '' } = {}) => {
      const asked = { grantType: 'client_credentials', scopes, audience, resources: [], ttlSeconds: 0 };
      return (await useCases.issueToken(asked, callWith(credential))).accessToken;
    },
    close: async () => {
      keys.close();
      await store.close();
    },
  };
}

/** A call as a door would take it in. */
export const callWith = (credential: Credential): Call => ({
  requestId: 'test',
  door: 'grpc',
  sourceAddress: '127.0.0.1',
  credential,
  facts: {},
});

/** An ordinary client's settings: one audience that is not ours, two scopes. */
export const clientSettings = (changes: Partial<ClientSettings> = {}): ClientSettings => ({
  displayName: 'A test client',
  allowedScopes: ['orders:read', 'orders:write'],
  defaultScopes: ['orders:read'],
  allowedAudiences: ['https://orders.test'],
  defaultAudience: '',
  introspectionOnly: false,
  servesAudiences: [],
  tokenTtlSeconds: 0,
  ext: undefined,
  labels: {},
  ...changes,
});
