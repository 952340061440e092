import {
  localKeyFromPaserk,
  makeLocalKey,
  makeSecretKey,
  paserkFromLocalKey,
  paserkFromSecretKey,
  secretIdOf,
} from '../../../src/adapters/paseto/paserk.js';
import { contentOfRing } from '../../../src/adapters/paseto/ring-content.js';
import { KeyServiceService } from '../../../src/wire/gen/countersign/v1/key_service.js';
import { Connection, keyIdOf, stockReader } from '../../../test/support/connection.js';
import { startRedis, type TestRedis } from '../../../test/support/redis.js';
import { openRedisStore } from '../../../test/support/redis-store.js';
import { startServerProcess } from '../../../test/support/server-process.js';
import { AUDIENCE, ROOT, trialSettings } from '../../../test/support/trial-settings.js';

export interface TokenPiece {
  readonly token: string;
  /** `k4.public`, of the key that signed it, or did not. */
  readonly public: string;
  readonly payload: string;
  readonly footer: string;
}

/** What every library gets: things of ours to check, and what to make the same of for us. */
export interface Material {
  readonly masterKey: string;
  readonly masterKeyId: string;
  readonly tokens: readonly TokenPiece[];
  /** Tokens that must not pass. */
  readonly forged: readonly TokenPiece[];
  readonly secrets: readonly {
    readonly secret: string;
    readonly public: string;
    readonly pid: string;
    readonly sid: string;
    readonly wrapped: string;
  }[];
  readonly locals: readonly { readonly local: string; readonly lid: string; readonly wrapped: string }[];
  readonly fresh: { readonly secret: string; readonly local: string; readonly payload: string };
}

/** Takes it from a built server and its Redis as they are: tokens of two keys, and the rings that held those. */
export async function gatherMaterial(): Promise<Material> {
  const redis = await startRedis();
  const settings = trialSettings(redis.url);
  const server = await startServerProcess(settings);
  const connection = new Connection(server.ports.grpc, ROOT);
  try {
    const ext = { tenant: 'Zürich', tier: 3, flags: [true, null] };
    const orders = await connection.register('orders', { ...stockReader(AUDIENCE), ext });
    const masterKey = settings.COUNTERSIGN_MASTER_KEY ?? '';
    const tokens = [await connection.issue(orders)];
    const rings = [await readRing(redis, masterKey)];
    await connection.call(KeyServiceService.rotateSigningKey, { immediate: true });
    tokens.push(await connection.issue(orders));
    rings.push(await readRing(redis, masterKey));

    const secrets = rings.flatMap((ring) => ring.secrets);
    const pieces = tokens.map((token) => pieceOf(token, secrets));
    return {
      masterKey,
      masterKeyId: localKeyFromPaserk(masterKey).keyId,
      tokens: pieces,
      forged: [
        ...pieces.map(changed),
        ...pieces.map((piece, i) => ({ ...piece, public: pieces.at(i - 1)?.public ?? '' })),
      ],
      secrets,
      locals: rings.at(-1)?.locals ?? [],
      fresh: {
        secret: paserkFromSecretKey(makeSecretKey()),
        local: paserkFromLocalKey(makeLocalKey()),
        payload: pieces[0]?.payload ?? '',
      },
    };
  } finally {
    connection.close();
    await server.kill();
    await redis.stop();
  }
}

async function readRing(redis: TestRedis, masterKey: string): Promise<Pick<Material, 'secrets' | 'locals'>> {
  const store = await openRedisStore(redis, { keyPrefix: 'countersign' });
  try {
    const found = await store.keyRings.read();
    if (found === undefined) throw new Error('the store is blank');
    const { stored, secretKeys, peppers } = contentOfRing(found.ring, {
      current: localKeyFromPaserk(masterKey),
    });
    return {
      secrets: [...secretKeys].map(([keyId, key]) => ({
        secret: paserkFromSecretKey(key),
        public: key.verificationKey.publicKey,
        pid: keyId,
        sid: secretIdOf(key),
        wrapped: stored.keys.find((one) => one.keyId === keyId)?.wrappedSecret ?? '',
      })),
      locals: [...peppers].map(([lid, key]) => ({
        local: paserkFromLocalKey(key),
        lid,
        wrapped: stored.peppers.find(({ pepperId }) => pepperId === lid)?.wrapped ?? '',
      })),
    };
  } finally {
    await store.close();
  }
}

function pieceOf(token: string, secrets: Material['secrets']): TokenPiece {
  const [, , payload = '', footer = ''] = token.split('.');
  return {
    token,
    public: secrets.find(({ pid }) => pid === keyIdOf(token))?.public ?? '',
    payload: Buffer.from(payload, 'base64url').subarray(0, -64).toString(),
    footer: Buffer.from(footer, 'base64url').toString(),
  };
}

/** The same token for another client. */
function changed(piece: TokenPiece): TokenPiece {
  const [version, purpose, payload = '', footer] = piece.token.split('.');
  const bytes = Buffer.from(payload, 'base64url');
  bytes.write('X', bytes.indexOf('orders'));
  return { ...piece, token: [version, purpose, bytes.toString('base64url'), footer].join('.') };
}
