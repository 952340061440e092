import type { ClientRecord, StoredSecret } from '../../src/domain/client.js';
import type { ClientId, Generation, KeyId, SecretId, TokenId } from '../../src/domain/ids.js';
import type { AuditEntry, StoredKeyRing, StoreMarker } from '../../src/domain/ports.js';
import type { AuthenticToken, TokenClaims } from '../../src/domain/token.js';

// Shortest ways to the records that stores keep, for tests that care about one or two of their fields.

export const clientId = (text: string): ClientId => text as ClientId;
export const tokenId = (text: string): TokenId => text as TokenId;
export const secretId = (text: string): SecretId => text as SecretId;
export const generation = (value: number): Generation => value as Generation;
/** A key id of the right form, told apart by one letter. */
export const keyId = (letter: string): KeyId => `k4.pid.${letter.repeat(44)}` as KeyId;

export const storedSecret = (
  id: string,
  changes: Partial<Omit<StoredSecret, 'secretId'>> = {},
): StoredSecret => ({
  secretId: secretId(id),
  hash: 'gA7QdZ2Y3jv0n4cXyW1s5tRkLmPqBuEoIhTzNfVxG8w',
  pepperId: 'p1',
  createTimeMs: 1_900_000_000_000,
  expireTimeMs: undefined,
  lastUsedTimeMs: undefined,
  madeBy: undefined,
  ...changes,
});

export const clientRecord = (
  id: string,
  changes: Partial<Omit<ClientRecord, 'clientId'>> = {},
): ClientRecord => ({
  clientId: clientId(id),
  displayName: `The ${id} service`,
  allowedScopes: ['orders:read', 'orders:write'],
  defaultScopes: ['orders:read'],
  allowedAudiences: ['https://orders.example'],
  defaultAudience: '',
  introspectionOnly: false,
  servesAudiences: [],
  tokenTtlSeconds: 0,
  ext: undefined,
  labels: {},
  secrets: [storedSecret('s1')],
  createTimeMs: 1_900_000_000_000,
  updateTimeMs: 1_900_000_000_000,
  version: 1,
  ...changes,
});

export const authenticToken = (changes: Partial<TokenClaims> = {}): AuthenticToken => ({
  keyId: keyId('a'),
  claims: {
    tokenId: tokenId('t'),
    issuer: 'https://issuer.example',
    clientId: clientId('a'),
    audience: 'https://orders.example',
    scopes: [],
    issuedAtSeconds: 0,
    notBeforeSeconds: 0,
    expiresAtSeconds: 0,
    generation: generation(0),
    ext: undefined,
    ...changes,
  },
});

export const auditEntry = (action: string, target = 'someone'): AuditEntry => ({
  action,
  actor: 'admin',
  target,
  sourceAddress: '127.0.0.1',
  requestId: 'r-1',
});

export const storeMarker = (changes: Partial<StoreMarker> = {}): StoreMarker => ({
  schemaVersion: 1,
  storeId: 'store-1',
  issuer: 'https://issuer.example',
  bootstrapDone: false,
  ...changes,
});

export const keyRing = (version = 1, letters: readonly string[] = ['a']): StoredKeyRing => ({
  version,
  masterKeyId: 'k4.lid.master',
  keys: letters.map((letter) => ({
    keyId: keyId(letter),
    publicKey: `k4.public.${letter}`,
    wrappedSecret: `k4.secret-wrap.pie.${letter}`,
    createTimeMs: 1_900_000_000_000,
    activateTimeMs: 1_900_000_000_000,
    retireTimeMs: undefined,
    removeTimeMs: undefined,
    revokeTimeMs: undefined,
  })),
  peppers: [{ pepperId: 'p1', wrapped: 'k4.local-wrap.pie.p1' }],
});
