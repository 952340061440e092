import { expect } from 'chai';
import { createMemoryStore } from '../../../src/adapters/memory/memory-store.js';
import { type KeyRingOptions, type OpenKeyRing, openKeyRing } from '../../../src/adapters/paseto/key-ring.js';
import { makeLocalKey } from '../../../src/adapters/paseto/paserk.js';
import { temporarilyUnavailable } from '../../../src/domain/errors.js';
import type { KeyId } from '../../../src/domain/ids.js';
import { revokeInRing, rotateRing } from '../../../src/domain/key-life.js';
import { type KeyRingStore, StoreUnusable } from '../../../src/domain/ports.js';
import { manualClock } from '../../support/manual-clock.js';
import { auditEntry } from '../../support/records.js';
import { refusal } from '../../support/refusal.js';

const ISSUER = 'https://auth.example';
const HOUR = 3_600_000;
const POLICY = { periodMs: 24 * HOUR, leadMs: HOUR, overlapMs: 2 * HOUR };
const audit = auditEntry('Test');

/** One store, and servers on it; each test makes its own. */
function world() {
  const clock = manualClock();
  const store = createMemoryStore({ clock });
  const master = makeLocalKey();
  const reads = {
    count: 0,
    failing: undefined as Error | undefined,
    storeId: undefined as string | undefined,
  };
  const keyRings: KeyRingStore = {
    ...store.keyRings,
    async read() {
      reads.count += 1;
      if (reads.failing !== undefined) throw reads.failing;
      const found = await store.keyRings.read();
      const { storeId } = reads;
      return found && storeId !== undefined ? { ...found, marker: { ...found.marker, storeId } } : found;
    },
  };
  const open = (options: Partial<KeyRingOptions> = {}): Promise<OpenKeyRing> =>
    openKeyRing({
      store: keyRings,
      masterKeys: { current: master },
      issuer: ISSUER,
      clock,
      policy: POLICY,
      ...options,
    });
  const version = async (): Promise<number> => (await store.keyRings.read())?.ring.version ?? 0;
  const signerOf = async (ring: OpenKeyRing): Promise<KeyId> =>
    (await ring.signingKey(await version())).verificationKey.keyId;
  const rotate = (ring: OpenKeyRing, immediate = true) =>
    ring.change((stored, now, makeKey) => ({
      ring: rotateRing(stored, now, POLICY, makeKey, immediate),
      audit,
    }));
  const revoke = (ring: OpenKeyRing, keyId: KeyId) =>
    ring.change((stored, now, makeKey) => {
      const changed = revokeInRing(stored, keyId, now, POLICY, makeKey);
      return changed && { ring: changed, revoked: keyId, audit };
    });
  return { clock, store, master, reads, open, version, signerOf, rotate, revoke };
}

/** The words with which opening was refused. */
async function unusable(opening: Promise<unknown>): Promise<string> {
  const err: unknown = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(err).to.be.instanceOf(StoreUnusable);
  return err instanceof StoreUnusable ? err.message : '';
}

describe('the key ring', () => {
  describe('on a blank store', () => {
    it('is founded with one key that signs, under the master key, with nothing of it readable', async () => {
      const { open, store, master, signerOf } = world();
      const ring = await open();
      const found = await store.keyRings.read();
      expect(found?.marker).to.deep.equal({
        schemaVersion: 1,
        storeId: ring.storeId,
        issuer: ISSUER,
        bootstrapDone: false,
      });
      expect(ring.storeId).to.match(/^[0-9a-f]{32}$/);
      expect(found?.ring.masterKeyId).to.equal(master.keyId);
      expect(found?.ring.keys.map((key) => key.keyId)).to.deep.equal([await signerOf(ring)]);
      expect(found?.ring.keys[0]?.wrappedSecret).to.match(/^k4\.secret-wrap\.pie\./);
      expect(found?.ring.peppers[0]?.wrapped).to.match(/^k4\.local-wrap\.pie\./);
      expect(JSON.stringify(found)).not.to.match(/k4\.(secret|local)\./);
      expect(await ring.published()).to.have.length(1);
    });

    it('is one ring, however many servers start at the same instant', async () => {
      const { open, signerOf } = world();
      const rings = await Promise.all(Array.from({ length: 8 }, () => open()));
      expect(new Set(rings.map((ring) => ring.storeId)).size).to.equal(1);
      expect(new Set(await Promise.all(rings.map(signerOf))).size).to.equal(1);
      expect(new Set(rings.map((ring) => ring.newestPepper().pepperId)).size).to.equal(1);
    });

    it('signs at once even when the founder is a minute ahead of the store', async () => {
      const { open, signerOf, store } = world();
      const ring = await open({ clock: manualClock(Date.UTC(2030, 0, 1) + 60_000) });
      const first = await signerOf(ring);
      await ring.maintain();
      expect(await signerOf(ring)).to.equal(first);
      const key = (await store.keyRings.read())?.ring.keys[0];
      expect(key?.activateTimeMs).to.equal(Date.UTC(2030, 0, 1));
    });
  });

  describe('is refused at start, in words that name what differs,', () => {
    it('for another issuer', async () => {
      const { open } = world();
      await open();
      expect(await unusable(open({ issuer: 'https://other.example' })))
        .to.contain(ISSUER)
        .and.contain('COUNTERSIGN_ISSUER is https://other.example');
    });

    it('for another master key', async () => {
      const { open, master } = world();
      await open();
      const other = makeLocalKey();
      expect(await unusable(open({ masterKeys: { current: other } })))
        .to.contain(master.keyId)
        .and.contain(`COUNTERSIGN_MASTER_KEY is ${other.keyId}`);
    });

    it('for another schema', async () => {
      const { open, store } = world();
      await open();
      const found = await store.keyRings.read();
      const later: KeyRingStore = {
        ...store.keyRings,
        read: async () => found && { ...found, marker: { ...found.marker, schemaVersion: 2 } },
      };
      expect(await unusable(open({ store: later }))).to.contain('schema version 2');
    });

    it('for a ring whose wrapped key was tampered with, or put under another name', async () => {
      const { open, store, rotate } = world();
      await rotate(await open());
      const found = await store.keyRings.read();
      const [a, b] = found?.ring.keys ?? [];
      if (found === undefined || a === undefined || b?.wrappedSecret === undefined)
        throw new Error('no ring');
      const holding = (keys: typeof found.ring.keys): KeyRingStore => ({
        ...store.keyRings,
        read: async () => ({ ...found, ring: { ...found.ring, keys } }),
      });
      const torn = b.wrappedSecret.replace(/.{8}$/, 'AAAAAAAA');
      expect(await unusable(open({ store: holding([a, { ...b, wrappedSecret: torn }]) }))).to.contain(
        'damaged',
      );
      const renamed = { ...b, keyId: a.keyId, publicKey: a.publicKey };
      expect(await unusable(open({ store: holding([renamed]) }))).to.contain('another key under the name');
    });
  });

  describe('as servers change it', () => {
    it('an immediate rotation reaches every server with its next look, and old tokens stay good', async () => {
      const { open, rotate, signerOf, version } = world();
      const [one, two] = [await open(), await open()];
      const before = await signerOf(two);
      await rotate(one);
      expect(await signerOf(two))
        .to.equal(await signerOf(one))
        .and.not.to.equal(before);
      expect(await two.trusts(before, await version())).to.equal(true);
      const states = (await two.published()).map(({ keyId, state }) => [keyId === before, state]);
      expect(states).to.deep.equal([
        [true, 'retired'],
        [false, 'active'],
      ]);
    });

    it('a rotation with the lead signs with the old key until the lead is over', async () => {
      const { open, rotate, signerOf, clock } = world();
      const [one, two] = [await open(), await open()];
      const before = await signerOf(two);
      await rotate(one, false);
      clock.advance(POLICY.leadMs - 1);
      expect(await signerOf(two)).to.equal(before);
      clock.advance(1);
      expect(await signerOf(two)).not.to.equal(before);
      expect(await signerOf(one)).to.equal(await signerOf(two));
    });

    it('a revoked key is trusted nowhere as of the next look, is published no more, and another signs', async () => {
      const { open, revoke, signerOf, version, store } = world();
      const [one, two] = [await open(), await open()];
      const key = await signerOf(one);
      const { position } = await store.feed.snapshot();
      await revoke(one, key);
      expect(await two.trusts(key, await version())).to.equal(false);
      expect((await two.published()).map(({ keyId }) => keyId)).to.deep.equal([await signerOf(two)]);
      expect(await signerOf(two)).not.to.equal(key);
      expect((await store.feed.snapshot()).position.sequence).to.equal(position.sequence + 1);
    });

    it('a key revoked by a feed that was merged is replaced by whoever has to sign next', async () => {
      const { open, store, signerOf, version } = world();
      const ring = await open();
      const key = await signerOf(ring);
      await store.feed.merge([{ kind: 'key', keyId: key }]);
      const next = await signerOf(ring);
      expect(next).not.to.equal(key);
      expect(await ring.trusts(next, await version())).to.equal(true);
    });

    it('a token of a key made a moment ago elsewhere can be opened here', async () => {
      const { open, rotate, signerOf } = world();
      const [one, two] = [await open(), await open()];
      await rotate(one);
      const key = await signerOf(one);
      expect((await two.verificationKey(key))?.keyId).to.equal(key);
    });

    it('an unknown key costs one reading, however many ask at once', async () => {
      const { open, reads } = world();
      const ring = await open();
      const before = reads.count;
      const unknown = `k4.pid.${'A'.repeat(44)}` as KeyId;
      const answers = await Promise.all(Array.from({ length: 100 }, () => ring.verificationKey(unknown)));
      expect(answers.every((answer) => answer === undefined)).to.equal(true);
      expect(reads.count - before).to.be.at.most(2);
    });

    it('changes made at the same moment on many servers all take effect, one after another', async () => {
      const { open, rotate, version } = world();
      const rings = await Promise.all(Array.from({ length: 6 }, () => open()));
      const before = await version();
      await Promise.all(rings.map((ring) => rotate(ring)));
      expect(await version()).to.equal(before + 6);
      expect(await rings[0]?.published()).to.have.length(7);
    });

    it('the secret half of a key is gone from the store once it has stopped signing', async () => {
      const { open, rotate, store, signerOf } = world();
      const ring = await open();
      const old = await signerOf(ring);
      await rotate(ring);
      const kept = (await store.keyRings.read())?.ring.keys.find((key) => key.keyId === old);
      expect(kept?.wrappedSecret).to.equal(undefined);
    });
  });

  describe('when the store is away', () => {
    it('goes on opening tokens of keys it knows, and says nothing of others', async () => {
      const { open, signerOf, reads } = world();
      const ring = await open();
      const key = await signerOf(ring);
      reads.failing = temporarilyUnavailable();
      expect((await ring.verificationKey(key))?.keyId).to.equal(key);
      await refusal(ring.verificationKey(`k4.pid.${'A'.repeat(44)}` as KeyId), 'temporarily_unavailable');
      await refusal(ring.published(), 'temporarily_unavailable');
      await refusal(ring.trusts(key, 99), 'temporarily_unavailable');
      expect(ring.ready()).to.equal(true);
    });

    it('answers nothing from the ring of another store, and says that it is not ready', async () => {
      const { open, reads, signerOf, version } = world();
      const ring = await open();
      const key = await signerOf(ring);
      reads.storeId = 'another';
      await refusal(ring.maintain(), 'temporarily_unavailable');
      await refusal(ring.trusts(key, await version()), 'temporarily_unavailable');
      expect(ring.ready()).to.equal(false);
    });

    it('signs no longer once what it knows of the ring has grown old, and again when the store is back', async () => {
      const { open, signerOf, reads, clock, version } = world();
      const ring = await open({ maxAgeMs: 5000 });
      const key = await signerOf(ring);
      const current = await version();
      reads.failing = temporarilyUnavailable();
      clock.advance(5000);
      expect((await ring.signingKey(current)).verificationKey.keyId).to.equal(key);
      clock.advance(1);
      await refusal(ring.signingKey(current), 'temporarily_unavailable');
      reads.failing = undefined;
      expect((await ring.signingKey(current)).verificationKey.keyId).to.equal(key);
    });

    it('a server paused across an immediate rotation signs with the new key, though its last look was before', async () => {
      const { open, rotate, signerOf, clock, version } = world();
      const [one, two] = [await open(), await open()];
      const lookedAt = await version();
      await rotate(one);
      clock.advance(60_000);
      expect((await two.signingKey(lookedAt)).verificationKey.keyId).to.equal(await signerOf(one));
    });
  });

  describe('under a new master key', () => {
    it('is wrapped anew by an explicit step: same keys, same pepper, and the old master key can go', async () => {
      const { open, master, signerOf, store } = world();
      const old = await open();
      const next = makeLocalKey();
      const both = await open({ masterKeys: { current: next, previous: master } });
      const [key, pepper] = [await signerOf(old), old.newestPepper().pepperId];
      expect(await both.rewrap(audit)).to.equal(true);
      expect(await both.rewrap(audit)).to.equal(false);
      expect((await store.keyRings.read())?.ring.masterKeyId).to.equal(next.keyId);
      const alone = await open({ masterKeys: { current: next } });
      expect(await signerOf(alone)).to.equal(key);
      expect(alone.newestPepper().pepperId).to.equal(pepper);
      expect(alone.newestPepper().key.equals(old.newestPepper().key)).to.equal(true);
    });

    it('a server with only the old one goes not ready rather than wrong, and says why', async () => {
      const { open, master, signerOf, version } = world();
      const old = await open();
      const key = await signerOf(old);
      const changes: [boolean, unknown][] = [];
      old.onReadyChange((ready, cause) => changes.push([ready, cause]));
      await (await open({ masterKeys: { current: makeLocalKey(), previous: master } })).rewrap(audit);
      await refusal(old.signingKey(await version()), 'temporarily_unavailable');
      await refusal(old.trusts(key, await version()), 'temporarily_unavailable');
      await refusal(old.published(), 'temporarily_unavailable');
      await refusal(old.maintain(), 'temporarily_unavailable');
      expect(() => old.newestPepper())
        .to.throw()
        .with.property('code', 'temporarily_unavailable');
      expect(old.ready()).to.equal(false);
      expect(changes).to.have.length(1);
      expect(String(changes[0]?.[1])).to.contain(master.keyId);
    });

    it('servers that hold both go on through the change without a pause', async () => {
      const { open, master, signerOf, rotate, version } = world();
      const next = makeLocalKey();
      const before = await open({ masterKeys: { current: master, previous: next } });
      const after = await open({ masterKeys: { current: next, previous: master } });
      await rotate(after);
      expect(await signerOf(before)).to.equal(await signerOf(after));
      await after.rewrap(audit);
      await rotate(before);
      const key = await signerOf(after);
      expect(await signerOf(before)).to.equal(key);
      expect(await before.trusts(key, await version())).to.equal(true);
    });
  });
});
