import { expect } from 'chai';
import fc from 'fast-check';
import { createMemoryStore } from '../../../src/adapters/memory/memory-store.js';
import { type OpenKeyRing, openKeyRing } from '../../../src/adapters/paseto/key-ring.js';
import { makeLocalKey } from '../../../src/adapters/paseto/paserk.js';
import type { KeyId } from '../../../src/domain/ids.js';
import { keyStateOf, revokeInRing, rotateRing } from '../../../src/domain/key-life.js';
import type { Clock, KeyRingStore, StoredSigningKey } from '../../../src/domain/ports.js';

const SECOND = 1000;
/** Knowledge of the ring may be this old, so a token may be signed as long after its key was ended elsewhere. */
const MAX_AGE = 5 * SECOND;
const MAX_ROUND_TRIP = 300;
const TTL = 100 * SECOND;
const POLICY = { periodMs: 600 * SECOND, leadMs: 60 * SECOND, overlapMs: TTL + 10 * SECOND };
const SERVERS = 3;

/** A token, for what matters here: which key signed it, and when. */
interface Signed {
  readonly keyId: KeyId;
  readonly atMs: number;
}

/** Servers on one store in simulated time, each with a clock of its own that may be a minute off. */
class Fleet {
  trueMs = Date.UTC(2030, 0, 1);
  readonly tokens: Signed[] = [];
  readonly revoked = new Set<KeyId>();
  private readonly store = createMemoryStore({
    clock: { now: () => this.trueMs, monotonic: () => this.trueMs },
  });
  private readonly rings: OpenKeyRing[] = [];
  private readonly looks = new Map<number, number>();
  private roundTripMs = 0;

  static async start(skewsMs: readonly number[], roundTripMs: number): Promise<Fleet> {
    const fleet = new Fleet();
    const masterKeys = { current: makeLocalKey() };
    for (const [i, skewMs] of skewsMs.entries()) {
      const clock: Clock = { now: () => fleet.trueMs + skewMs, monotonic: () => fleet.trueMs - i * 12_345 };
      fleet.rings.push(
        await openKeyRing({
          store: fleet.keyRings(),
          masterKeys,
          issuer: 'https://auth.example',
          clock,
          policy: POLICY,
          maxAgeMs: MAX_AGE,
        }),
      );
    }
    fleet.roundTripMs = roundTripMs;
    return fleet;
  }

  /** The store over a network: half of the round trip passes before it answers, half after. */
  private keyRings(): KeyRingStore {
    return {
      ...this.store.keyRings,
      read: async () => {
        this.trueMs += this.roundTripMs / 2;
        const found = await this.store.keyRings.read();
        this.trueMs += this.roundTripMs / 2;
        return found;
      },
    };
  }

  ring(server: number): OpenKeyRing {
    const ring = this.rings[server % SERVERS];
    if (ring === undefined) throw new Error('no such server');
    return ring;
  }
  async stored(): Promise<{ version: number; keys: readonly StoredSigningKey[] }> {
    const found = await this.store.keyRings.read();
    if (found === undefined) throw new Error('the store is blank');
    return found.ring;
  }

  /** A server takes in a call and looks at the store; what follows may come much later. */
  async look(server: number): Promise<void> {
    this.looks.set(server, (await this.stored()).version);
  }
  /** The server goes on and signs, by its last look if that was left pending, however long ago. */
  async issue(server: number): Promise<Signed> {
    const version = this.looks.get(server) ?? (await this.stored()).version;
    this.looks.delete(server);
    const key = await this.ring(server).signingKey(version);
    const signed = { keyId: key.verificationKey.keyId, atMs: this.trueMs };
    this.tokens.push(signed);
    return signed;
  }
  rotate(server: number, immediate: boolean): Promise<unknown> {
    return this.ring(server).change((ring, nowMs, makeKey) => ({
      ring: rotateRing(ring, nowMs, POLICY, makeKey, immediate),
    }));
  }
  revoke(server: number, keyId: KeyId): Promise<unknown> {
    this.revoked.add(keyId);
    return this.ring(server).change((ring, nowMs, makeKey) => {
      const changed = revokeInRing(ring, keyId, nowMs, POLICY, makeKey);
      return changed && { ring: changed, revoked: keyId };
    });
  }
  /** Whether a server finds the token good, apart from its times. */
  async accepts(server: number, { keyId }: Signed): Promise<boolean> {
    const ring = this.ring(server);
    const known = await ring.verificationKey(keyId);
    return known !== undefined && (await ring.trusts(keyId, (await this.stored()).version));
  }
}

const server = fc.nat(SERVERS - 1);
const skews = fc.array(
  fc.integer({ min: -60, max: 60 }).map((s) => s * SECOND),
  {
    minLength: SERVERS,
    maxLength: SERVERS,
  },
);
/** Any time, and often just about as long as something lasts. */
const wait = fc.record({
  kind: fc.constant('wait' as const),
  ms: fc.oneof(
    fc.nat(250 * SECOND),
    fc
      .tuple(
        fc.constantFrom(MAX_AGE, POLICY.leadMs, TTL, POLICY.periodMs - POLICY.leadMs),
        fc.integer({ min: -9, max: 9 }),
      )
      .map(([ms, seconds]) => Math.max(0, ms + seconds * SECOND)),
  ),
});
const look = fc.record({ kind: fc.constant('look' as const), server });
const issue = fc.record({ kind: fc.constant('issue' as const), server });
const maintain = fc.record({ kind: fc.constant('maintain' as const), server });
const rotate = fc.record({ kind: fc.constant('rotate' as const), server, immediate: fc.constant(false) });
const storm = fc.oneof(
  fc.record({ kind: fc.constant('rotate' as const), server, immediate: fc.constant(true) }),
  fc.record({ kind: fc.constant('revoke' as const), server, which: fc.nat(9) }),
);

describe('the life of keys among servers whose clocks are up to a minute apart', function () {
  this.timeout(30_000);

  it('no key signs before it was published for the lead or after it was retired, whoever was paused', () =>
    fc.assert(
      fc.asyncProperty(
        skews,
        fc.nat(MAX_ROUND_TRIP),
        fc.array(fc.oneof(wait, look, issue, maintain, rotate), { minLength: 20, maxLength: 50 }),
        async (skewsMs, roundTripMs, acts) => {
          const fleet = await Fleet.start(skewsMs, roundTripMs);
          const founding = (await fleet.stored()).keys[0]?.keyId;
          for (const act of acts) {
            if (act.kind === 'wait') fleet.trueMs += act.ms;
            if (act.kind === 'maintain') await fleet.ring(act.server).maintain();
            if (act.kind === 'rotate') await fleet.rotate(act.server, act.immediate);
            if (act.kind === 'look') await fleet.look(act.server);
            if (act.kind !== 'issue') continue;
            const { keyId, atMs } = await fleet.issue(act.server);
            const { keys } = await fleet.stored();
            const key = keys.find((one) => one.keyId === keyId);
            if (key === undefined) throw new Error('signed by a key that is not in the ring');
            if (keyId !== founding) {
              expect(atMs - key.createTimeMs, 'published for').to.be.at.least(POLICY.leadMs - MAX_ROUND_TRIP);
            }
            // The store's own judgement, give or take the round trip by which a server may be ahead of it.
            const states = [atMs, atMs + MAX_ROUND_TRIP].map((ms) => keyStateOf(key, keys, ms));
            expect(states).to.include('active');
          }
        },
      ),
      { numRuns: 40 },
    ));

  it('no living token is refused anywhere, and none of a revoked key accepted, through emergencies too', () =>
    fc.assert(
      fc.asyncProperty(
        skews,
        fc.nat(MAX_ROUND_TRIP),
        fc.array(fc.oneof(wait, look, issue, issue, maintain, rotate, storm), {
          minLength: 20,
          maxLength: 40,
        }),
        async (skewsMs, roundTripMs, acts) => {
          const fleet = await Fleet.start(skewsMs, roundTripMs);
          for (const act of acts) {
            if (act.kind === 'wait') fleet.trueMs += act.ms;
            if (act.kind === 'maintain') await fleet.ring(act.server).maintain();
            if (act.kind === 'rotate') await fleet.rotate(act.server, act.immediate);
            if (act.kind === 'look') await fleet.look(act.server);
            if (act.kind === 'issue') await fleet.issue(act.server);
            if (act.kind === 'revoke') {
              const { keys } = await fleet.stored();
              await fleet.revoke(act.server, keys[act.which % keys.length]?.keyId ?? ('' as KeyId));
            }
            for (const token of fleet.tokens) {
              if (token.atMs + TTL < fleet.trueMs) continue;
              const good = !fleet.revoked.has(token.keyId);
              for (let i = 0; i < SERVERS; i += 1) expect(await fleet.accepts(i, token)).to.equal(good);
            }
          }
        },
      ),
      { numRuns: 40 },
    ));

  it('all servers agree which key signs, each time any of them asks', () =>
    fc.assert(
      fc.asyncProperty(
        skews,
        fc.array(fc.oneof(wait, maintain, rotate, storm), { minLength: 10, maxLength: 30 }),
        async (skewsMs, acts) => {
          const fleet = await Fleet.start(skewsMs, 0);
          for (const act of acts) {
            if (act.kind === 'wait') fleet.trueMs += act.ms;
            if (act.kind === 'maintain') await fleet.ring(act.server).maintain();
            if (act.kind === 'rotate') await fleet.rotate(act.server, act.immediate);
            const signers = [];
            for (let i = 0; i < SERVERS; i += 1) signers.push((await fleet.issue(i)).keyId);
            expect(new Set(signers).size).to.equal(1);
          }
        },
      ),
      { numRuns: 20 },
    ));
});
