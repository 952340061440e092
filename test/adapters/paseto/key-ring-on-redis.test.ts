import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { openKeyRing } from '../../../src/adapters/paseto/key-ring.js';
import { makeLocalKey } from '../../../src/adapters/paseto/paserk.js';
import { makeTokenCodec } from '../../../src/adapters/paseto/token-codec.js';
import { rotateRing } from '../../../src/domain/key-life.js';
import type { Store } from '../../../src/domain/ports.js';
import { auditEntry, clientId } from '../../support/records.js';
import { freshPrefix, sharedRedis } from '../../support/redis.js';
import { bareRedis, openRedisStore } from '../../support/redis-store.js';
import { systemClock } from '../../support/system-clock.js';
import { CLAIMS } from './tokens.js';

const policy = { periodMs: 3_600_000, leadMs: 60_000, overlapMs: 3_600_000 };

/** Everything under a key, as bytes; DUMP would compress it. */
async function contentUnder(redis: Redis, key: string): Promise<Buffer> {
  const type = await redis.type(key);
  if (type === 'string') return (await redis.getBuffer(key)) ?? Buffer.alloc(0);
  if (type === 'hash') return Buffer.concat(Object.values(await redis.hgetallBuffer(key)));
  return Buffer.from(JSON.stringify(await redis.xrange(key, '-', '+')));
}

describe('the key ring on a real Redis', () => {
  const stores: Store[] = [];
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  /** Servers that start at the same instant on one blank store, each with its own connections. */
  async function startServers(count: number, keyPrefix = freshPrefix(), current = makeLocalKey()) {
    const place = await sharedRedis();
    const opened = await Promise.all(
      Array.from({ length: count }, () => openRedisStore(place, { keyPrefix })),
    );
    stores.push(...opened);
    const rings = await Promise.all(
      opened.map((store) =>
        openKeyRing({
          store: store.keyRings,
          masterKeys: { current },
          issuer: CLAIMS.issuer,
          clock: systemClock,
          policy,
        }),
      ),
    );
    return { place, keyPrefix, opened, rings };
  }

  it('is one ring with one key, when four servers found it at the same instant', async () => {
    const { opened, rings } = await startServers(4);
    expect(new Set(rings.map(({ storeId }) => storeId)).size).to.equal(1);
    const published = await Promise.all(rings.map((ring) => ring.published()));
    for (const keys of published) expect(keys).to.deep.equal(published[0]);
    expect(published[0]?.map(({ state }) => state)).to.deep.equal(['active']);
    // Bound: a look at the store is answered.
    for (const store of opened) expect((await store.clients.look(clientId('x'))).ringVersion).to.equal(1);
  });

  it('lets every server sign with the new key from its first look after a rotation, and open all tokens', async () => {
    const { opened, rings } = await startServers(2);
    const codecs = rings.map((keys) => makeTokenCodec({ keys, issuer: CLAIMS.issuer }));
    const look = async (i: number) => (await opened[i]!.clients.look(clientId('x'))).ringVersion;
    const before = await codecs[1]!.sign(CLAIMS, await look(1));
    await rings[0]!.change((ring, nowMs, makeKey) => ({
      ring: rotateRing(ring, nowMs, policy, makeKey, true),
      audit: auditEntry('RotateSigningKey'),
    }));
    const after = await Promise.all([0, 1].map(async (i) => codecs[i]!.sign(CLAIMS, await look(i))));
    // Ed25519 is deterministic: one key makes one token of the same claims.
    expect(after[0]).to.equal(after[1]).and.not.to.equal(before);
    for (const token of [before, ...after]) {
      for (const codec of codecs) expect((await codec.open(token))?.claims).to.deep.equal(CLAIMS);
    }
  });

  it('lies in Redis wrapped, in no form that could be used', async () => {
    const { place, keyPrefix, rings } = await startServers(1);
    const secret = await rings[0]!.signingKey(1);
    const pepper = rings[0]!.newestPepper();
    const redis = bareRedis(place);
    const dump = Buffer.concat(
      await Promise.all((await redis.keys(`{${keyPrefix}}*`)).map((key) => contentUnder(redis, key))),
    );
    redis.disconnect();
    expect(dump.includes('k4.secret-wrap.pie.')).to.equal(true);
    const seed = secret.keyObject.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    for (const key of [seed, pepper.key.export()]) {
      expect(dump.includes(key), 'raw').to.equal(false);
      for (const form of ['hex', 'base64', 'base64url'] as const) {
        // Within a longer text the last characters may differ.
        expect(dump.includes(key.toString(form).slice(0, 40)), form).to.equal(false);
      }
    }
  });
});
