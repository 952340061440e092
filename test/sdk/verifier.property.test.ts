import { expect } from 'chai';
import fc from 'fast-check';
import { createVerifier, type Verifier } from '../../src/sdk/create-verifier.js';
import type { Revocation } from '../../src/wire/gen/countersign/v1/token_service.js';
import { type FakeFeed, FakeService } from './fake-service.js';
import { AUDIENCE, ISSUER, type MintKey, mint, mintKey } from './mint.js';
import { clientAt, tokenUntil } from './revocations.js';
import { type TimedClock, timedClock } from './timed-clock.js';
import { until } from './until.js';

const CLIENTS = ['a', 'b', 'c'];
const GENERATIONS = [0, 1, 2];

/** A service with a ledger, whose feeds a test may harm. */
class LedgerService {
  readonly revoked: { readonly revocation: Revocation; readonly atMs: number }[] = [];
  #epoch = 1;
  #epochStart = 0;
  readonly #feeds = new Map<FakeFeed, { openedAtMs: number; sent: number }>();
  #held: (() => void)[] = [];

  constructor(
    readonly fake: FakeService,
    readonly clock: TimedClock,
  ) {
    fake.onFeed = (feed) => this.#open(feed);
  }

  revoke(revocation: Revocation): void {
    this.revoked.push({ revocation, atMs: this.clock.monotonic() });
  }

  /** Sends each feed what it lacks but for some that get lost, and a heartbeat, now or when it is let go. */
  write(options: { lose: number; hold: boolean }): void {
    for (const [feed, state] of this.#feeds) {
      if (feed.ended) continue;
      for (; state.sent < this.revoked.length; state.sent += 1) {
        const { revocation } = this.revoked[state.sent]!;
        if (state.sent % 7 !== options.lose) feed.change(this.#cursorAt(state.sent + 1), revocation);
      }
      const cursor = this.#cursorAt(state.sent);
      const confirmedAfterOpenMs = Math.floor(this.clock.monotonic() - state.openedAtMs);
      const beat = () => {
        if (!feed.ended) feed.heartbeat(cursor, confirmedAfterOpenMs);
      };
      if (options.hold) this.#held.push(beat);
      else beat();
    }
  }

  letGo(): void {
    for (const beat of this.#held.splice(0)) beat();
  }

  cut(): void {
    for (const feed of this.#feeds.keys()) if (!feed.ended) feed.end();
    this.#feeds.clear();
  }

  failOver(): void {
    this.#epoch += 1;
    this.#epochStart = this.revoked.length;
    for (const [feed, state] of this.#feeds) if (!feed.ended) this.#snapshot(feed, state);
  }

  #open(feed: FakeFeed): void {
    const state = { openedAtMs: this.clock.monotonic(), sent: 0 };
    this.#feeds.set(feed, state);
    const [epoch, sequence] = feed.cursor.split(':');
    if (epoch === `e${this.#epoch}`) state.sent = this.#epochStart + Number(sequence);
    else this.#snapshot(feed, state);
  }

  #snapshot(feed: FakeFeed, state: { sent: number }): void {
    state.sent = this.revoked.length;
    const revocations = this.revoked.map(({ revocation }) => revocation);
    feed.snapshot(this.#cursorAt(state.sent), revocations);
  }

  #cursorAt(index: number): string {
    return `e${this.#epoch}:${index - this.#epochStart}`;
  }
}

interface Minted {
  readonly text: string;
  readonly clientId: string;
  readonly generation: number;
  readonly tokenId: string;
}

const kills = ({ kind }: Revocation, token: Minted): boolean =>
  kind?.$case === 'clientGeneration'
    ? kind.value.clientId === token.clientId && token.generation < kind.value.generation
    : kind?.$case === 'token' && kind.value.tokenId === token.tokenId;

const name = fc.constantFrom(...CLIENTS);
const act = fc.oneof(
  { weight: 3, arbitrary: name.map((client) => ({ kind: 'revoke', client }) as const) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(name, fc.constantFrom(...GENERATIONS))
      .map(([client, generation]) => ({ kind: 'revokeToken', id: `${client}${generation}` }) as const),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('write' as const), lose: fc.nat(20), hold: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 800 }).map((ms) => ({ kind: 'pass', ms }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'letGo' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cut' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'failOver' } as const) },
);

describe('a verifier, whatever happens to its feed', function () {
  this.timeout(30_000);
  let key: MintKey;

  before(() => {
    key = mintKey();
  });

  async function warmTokens(verifier: Verifier, nowMs: number): Promise<Minted[]> {
    const tokens = CLIENTS.flatMap((clientId) =>
      GENERATIONS.map((generation) => {
        const tokenId = `${clientId}${generation}`;
        const text = mint(key, nowMs, { client_id: clientId, gen: generation, jti: tokenId });
        return { text, clientId, generation, tokenId };
      }),
    );
    await Promise.all(tokens.map(({ text }) => verifier.verify(text)));
    return tokens;
  }

  it('accepts alone nothing that was revoked before the moment it calls itself fresh of, and catches up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40, size: 'max' }), async (acts) => {
        const fake = await FakeService.start();
        const clock = timedClock();
        fake.listKeys = async () => ({ keys: [key.published], refreshAfterSeconds: 300 });
        const service = new LedgerService(fake, clock);
        const verifier = createVerifier({
          address: fake.address,
          issuer: ISSUER,
          audience: AUDIENCE,
          credential: { clientId: 'v', clientSecret: 's' },
          onStale: 'deny',
          clock,
          random: () => 0,
        });
        try {
          await fake.nextFeed();
          service.write({ lose: -1, hold: false });
          await verifier.ready();
          const tokens = await warmTokens(verifier, clock.now());
          const generations = new Map<string, number>();
          const check = () => {
            const freshAsOfMs = clock.monotonic() - verifier.staleness();
            for (const token of tokens) {
              if (verifier.check(token.text) === undefined) continue;
              const killer = service.revoked.find(
                ({ revocation, atMs }) => atMs < freshAsOfMs && kills(revocation, token),
              );
              expect(killer, token.tokenId).to.equal(undefined);
            }
          };
          for (const step of acts) {
            clock.advance(1);
            if (step.kind === 'revoke') {
              const generation = (generations.get(step.client) ?? 0) + 1;
              generations.set(step.client, generation);
              service.revoke(clientAt(step.client, generation));
            } else if (step.kind === 'revokeToken') service.revoke(tokenUntil(step.id, 4_000_000_000));
            else if (step.kind === 'write') service.write(step);
            else if (step.kind === 'pass') clock.advance(step.ms);
            else service[step.kind]();
            for (let round = 0; round < 5; round += 1) {
              check();
              await new Promise((resolve) => setImmediate(resolve));
            }
            check();
          }
          const settledAtMs = clock.monotonic();
          await until(() => {
            clock.advance(20);
            service.write({ lose: -1, hold: false });
            check();
            return clock.monotonic() - verifier.staleness() > settledAtMs;
          });
          for (const token of tokens) {
            const dead = service.revoked.some(({ revocation }) => kills(revocation, token));
            expect(verifier.check(token.text) === undefined, token.tokenId).to.equal(dead);
          }
        } finally {
          verifier.close();
          fake.stop();
        }
      }),
      { numRuns: 40 },
    );
  });
});
