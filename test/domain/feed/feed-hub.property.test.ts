import { expect } from 'chai';
import fc from 'fast-check';
import { FeedHub } from '../../../src/domain/feed-hub.js';
import type { FeedBeat } from '../../../src/domain/feed-watcher.js';
import type { Revocation } from '../../../src/domain/revocation.js';
import { timedClock } from '../../sdk/timed-clock.js';
import { clientId, generation, keyId, tokenId } from '../../support/records.js';
import { nameOf, rankOf, ScriptedSource } from './scripted-source.js';
import { type TestMessage, TestReader, testEncoder } from './test-reader.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A store, a server and three readers, and everything that may happen to them. */
class World {
  readonly clock = timedClock();
  readonly source = new ScriptedSource(this.clock);
  readonly readers = [0, 1, 2].map(() => new CheckedReader(this));
  /** When each entry of the ledger got the rank that it has. */
  readonly toldMs = new Map<string, { readonly rank: number; readonly atMs: number }>();
  #highest = 0;
  hub = this.#startHub();

  constructor() {
    for (const reader of this.readers) reader.watch(this.hub);
  }

  tell(kind: 'client' | 'token' | 'key', index: number): void {
    if (!this.source.isUp) return;
    const letter = 'abcdef'[index % 6] ?? 'a';
    this.#highest += 1;
    const revocation: Revocation =
      kind === 'client'
        ? { kind, clientId: clientId(letter), generation: generation(this.#highest) }
        : kind === 'token'
          ? { kind, tokenId: tokenId(`${letter}${this.#highest}`), forgetAtSeconds: 4_000_000_000 }
          : { kind, keyId: keyId(letter) };
    this.toldMs.set(nameOf(revocation), { rank: rankOf(revocation), atMs: this.clock.monotonic() });
    this.source.tell(revocation);
  }

  restartServer(): void {
    this.hub.close();
    this.hub = this.#startHub();
  }

  /** Time passes. The store confirms while it answers, and readers whose stream was ended come again. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(50);
      if (this.source.isUp && this.source.confirmsAtOnce) this.source.confirm();
      await settle();
      for (const reader of this.readers) if (reader.end !== undefined) reader.watch(this.hub);
    }
  }

  #startHub(): FeedHub<TestMessage> {
    return new FeedHub({
      source: this.source,
      clock: this.clock,
      encoder: testEncoder(),
      random: () => 0.5,
      windowLength: 8,
    });
  }
}

/** Holds every heartbeat against the truth: all that the store had by then, and still has, the reader has too. */
class CheckedReader extends TestReader {
  readonly #world: World;

  constructor(world: World) {
    super();
    this.#world = world;
  }

  override beat(beat: FeedBeat): boolean {
    for (const [name, revocation] of this.#world.source.ledger) {
      const told = this.#world.toldMs.get(name);
      const isOlder = told?.rank === rankOf(revocation) && told.atMs < beat.confirmedMonotonicMs;
      if (isOlder && rankAt(this, name) < told.rank) {
        this.faults.push(
          `a heartbeat as of ${beat.confirmedMonotonicMs}, but ${name} of ${told.atMs} is missing`,
        );
      }
    }
    return super.beat(beat);
  }
}

const rankAt = (reader: TestReader, name: string): number => {
  const known = reader.ledger.get(name);
  return known === undefined ? 0 : rankOf(known);
};

const reader = fc.nat(2);
const act = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('client', 'token', 'key'), fc.nat(5)).map(
      ([kind, index]) =>
        (world: World) =>
          world.tell(kind, index),
    ),
  },
  { weight: 6, arbitrary: fc.integer({ min: 50, max: 3000 }).map((ms) => (world: World) => world.pass(ms)) },
  {
    weight: 3,
    arbitrary: reader.map((index) => (world: World) => void world.readers[index]?.watch(world.hub)),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(reader, fc.nat(4)).map(
      ([index, room]) =>
        (world: World) =>
          void world.readers[index]?.drain(room + 1),
    ),
  },
  { weight: 2, arbitrary: fc.constant((world: World) => world.source.goDown()) },
  { weight: 4, arbitrary: fc.constant((world: World) => world.source.comeBack()) },
  { weight: 2, arbitrary: fc.nat(6).map((lost) => (world: World) => world.source.failOver(lost)) },
  { weight: 1, arbitrary: fc.nat(6).map((kept) => (world: World) => world.source.trim(kept)) },
  { weight: 1, arbitrary: fc.constant((world: World) => world.restartServer()) },
  {
    weight: 2,
    arbitrary: fc.boolean().map((isSlow) => (world: World) => {
      world.source.isSlow = isSlow;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((confirms) => (world: World) => {
      world.source.confirmsAtOnce = confirms;
    }),
  },
);

describe('the feed hub, whatever happens to it', () => {
  it('leaves every reader with the ledger of the store, without gap or repetition, and never with a false heartbeat', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 60, size: 'max' }), async (acts) => {
        const world = new World();
        for (const step of acts) {
          await step(world);
          await settle();
        }
        world.source.comeBack();
        world.source.confirmsAtOnce = true;
        world.source.isSlow = false;
        for (const one of world.readers) one.drain();
        await world.pass(3000);
        world.hub.close();
        await settle();

        for (const one of world.readers) {
          expect(one.faults).to.deep.equal([]);
          for (const [name, revocation] of world.source.ledger) {
            expect(rankAt(one, name), name).to.be.at.least(rankOf(revocation));
          }
          expect(one.beats.length).to.be.greaterThan(0);
        }
        expect(world.source.readers).to.equal(0);
        expect(world.clock.pending).to.equal(0);
      }),
      { numRuns: 300 },
    );
  }).timeout(60_000);

  it('brings back to the store all that a failover lost, if the server saw it within the minute before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('client', 'token', 'key'), fc.nat(5)), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
        async (revocations, losses) => {
          const world = new World();
          await world.pass(100);
          for (const [kind, index] of revocations) world.tell(kind, index);
          await settle();
          const before = world.source.ledger;
          for (const lost of losses) {
            world.source.failOver(lost);
            await world.pass(500);
          }
          world.hub.close();
          await settle();
          expect(world.source.ledger).to.deep.equal(before);
          for (const one of world.readers) {
            expect(one.faults).to.deep.equal([]);
            expect(one.ledger).to.deep.equal(before);
          }
        },
      ),
      { numRuns: 200 },
    );
  }).timeout(60_000);
});
