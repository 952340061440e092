import { expect } from 'chai';
import fc from 'fast-check';
import { FeedReading } from '../../src/sdk/feed-reading.js';
import { LedgerReplica } from '../../src/sdk/ledger-replica.js';
import type {
  Revocation,
  WatchRevocationsResponse,
} from '../../src/wire/gen/countersign/v1/token_service.js';
import { clientAt, keyGone, tokenUntil } from './revocations.js';

/** How far the server's monotonic clock is from ours: only differences may count. */
const SERVER_OFFSET_MS = 123_456;
const FOREVER = 4_000_000_000;

interface Entry {
  readonly revocation: Revocation;
  readonly atMs: number;
}

/** The service as the reader may find it: a ledger in one order, whose epoch changes, and one stream at a time. */
class ModelService {
  nowMs = 1000;
  readonly everRevoked: Entry[] = [];
  epoch = 1;
  /** Changes of this epoch, sequence 1 first. */
  log: Entry[] = [];
  /** Sequence that the epoch began at: what was before is in the snapshot alone. */
  #stream: { openedAtMs: number; sent: number; cursorLost: boolean } | undefined;
  wire: WatchRevocationsResponse[] = [];

  revoke(revocation: Revocation): void {
    const entry = { revocation, atMs: this.nowMs };
    this.everRevoked.push(entry);
    this.log.push(entry);
  }

  /** A failover: the sequence starts anew, and the ledger is put together from what servers saw, here all of it. */
  failOver(): void {
    this.epoch += 1;
    this.log = [];
    if (this.#stream !== undefined) this.#stream.cursorLost = true;
  }

  /** Answers a request that was under way for some time. */
  open(cursor: string, delayMs: number): void {
    this.nowMs += delayMs;
    const [epoch, sequence] = cursor.split(':');
    const resumable = epoch === `e${this.epoch}` && Number(sequence) <= this.log.length;
    this.#stream = { openedAtMs: this.nowMs, sent: Number(sequence), cursorLost: !resumable };
    this.wire = [];
  }

  /** Writes whatever is due, ending with a heartbeat. */
  write(partSize: number): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    if (stream.cursorLost) {
      const all = this.everRevoked.map(({ revocation }) => revocation);
      for (let from = 0; from === 0 || from < all.length; from += partSize) {
        const last = from + partSize >= all.length;
        this.wire.push({
          cursor: last ? this.#cursorAt(this.log.length) : 'partial',
          event: {
            $case: 'snapshot',
            value: {
              revocations: all.slice(from, from + partSize),
              first: from === 0,
              last,
              partNumber: from / partSize + 1,
            },
          },
        });
      }
      stream.sent = this.log.length;
      stream.cursorLost = false;
    }
    for (const { revocation } of this.log.slice(stream.sent)) {
      stream.sent += 1;
      this.wire.push({ cursor: this.#cursorAt(stream.sent), event: { $case: 'change', value: revocation } });
    }
    this.wire.push({
      cursor: this.#cursorAt(stream.sent),
      event: {
        $case: 'heartbeat',
        value: {
          storeConfirmedMonotonicMs: this.nowMs + SERVER_OFFSET_MS,
          streamOpenedMonotonicMs: stream.openedAtMs + SERVER_OFFSET_MS,
        },
      },
    });
  }

  #cursorAt(sequence: number): string {
    return `e${this.epoch}:${sequence}`;
  }
}

/** A reader that opens a stream anew whenever the reading says so, as the follower does. */
class Reader {
  readonly replica = new LedgerReplica();
  confirmedAtMs = Number.NEGATIVE_INFINITY;
  #cursor = '';
  #reading: FeedReading | undefined;

  constructor(readonly service: ModelService) {}

  open(delayMs: number): void {
    this.#reading = new FeedReading(this.replica, this.#cursor, this.service.nowMs);
    this.service.open(this.#cursor, delayMs);
  }

  receive(message: WatchRevocationsResponse): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    const step = reading.accept(message, this.service.nowMs);
    if (step === 'gap') {
      this.#reading = undefined;
      this.#cursor = '';
    } else if (step === 'applied' && reading.cursor !== '') this.#cursor = reading.cursor;
    if (step === 'confirmed') this.confirmedAtMs = Math.max(this.confirmedAtMs, reading.confirmedAtMs);
    expect(step).not.to.be.oneOf(['clock', 'unknown']);
  }
}

const holds = (replica: LedgerReplica, { kind }: Revocation): boolean => {
  switch (kind?.$case) {
    case 'clientGeneration':
      return replica.generationOf(kind.value.clientId) >= kind.value.generation;
    case 'token':
      return replica.isTokenRevoked(kind.value.tokenId);
    case 'key':
      return replica.isKeyRevoked(kind.value.keyId);
    default:
      return false;
  }
};

const name = fc.constantFrom('a', 'b', 'c', 'd');
const revocation = fc.oneof(
  fc.tuple(name, fc.integer({ min: 1, max: 9 })).map(([id, generation]) => clientAt(id, generation)),
  name.map((id) => tokenUntil(id, FOREVER)),
  name.map(keyGone),
);
const delay = fc.integer({ min: 0, max: 3000 });
const act = fc.oneof(
  { weight: 4, arbitrary: revocation.map((value) => ({ kind: 'revoke', value }) as const) },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 3 }).map((parts) => ({ kind: 'write', parts }) as const),
  },
  { weight: 8, arbitrary: fc.constant({ kind: 'deliver' } as const) },
  { weight: 2, arbitrary: delay.map((ms) => ({ kind: 'pass', ms }) as const) },
  { weight: 2, arbitrary: delay.map((ms) => ({ kind: 'reopen', ms }) as const) },
  { weight: 1, arbitrary: fc.nat(5).map((index) => ({ kind: 'lose', index }) as const) },
  { weight: 1, arbitrary: fc.nat(5).map((index) => ({ kind: 'repeat', index }) as const) },
  { weight: 1, arbitrary: fc.nat(5).map((index) => ({ kind: 'delay', index }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'failOver' } as const) },
);

describe('the feed, whatever happens to it', () => {
  it('leaves the replica equal to the ledger, and never proves fresh what lacks an earlier revocation', () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 10, maxLength: 100, size: 'max' }), (acts) => {
        const service = new ModelService();
        const reader = new Reader(service);
        const checkProof = () => {
          for (const { revocation: entry, atMs } of service.everRevoked) {
            if (atMs < reader.confirmedAtMs) expect(holds(reader.replica, entry)).to.equal(true);
          }
        };
        for (const step of acts) {
          const { wire } = service;
          // Each act takes a moment, so that of two acts one is the earlier.
          service.nowMs += 1;
          switch (step.kind) {
            case 'revoke':
              service.revoke(step.value);
              break;
            case 'write':
              service.write(step.parts);
              break;
            case 'deliver': {
              const message = wire.shift();
              if (message !== undefined) reader.receive(message);
              break;
            }
            case 'pass':
              service.nowMs += step.ms;
              break;
            case 'reopen':
              reader.open(step.ms);
              break;
            case 'lose':
              wire.splice(step.index, 1);
              break;
            case 'repeat':
              wire.splice(step.index, 0, ...wire.slice(step.index, step.index + 1));
              break;
            case 'delay':
              wire.push(...wire.splice(step.index, 1));
              break;
            case 'failOver':
              service.failOver();
          }
          checkProof();
        }
        // The network settles: at most one stream is lost to what was still on the wire.
        for (let round = 0; round < 2; round += 1) {
          reader.open(5);
          service.write(2);
          for (const message of service.wire.splice(0)) reader.receive(message);
        }
        expect(reader.confirmedAtMs).to.be.at.least(service.nowMs - 5);
        expect(stateOf(reader.replica)).to.deep.equal(stateOf(modelOf(service)));
      }),
      { numRuns: 400 },
    );
  });
});

/** The ledger itself: every entry, in order, in a replica that nothing could go wrong with. */
function modelOf(service: ModelService): LedgerReplica {
  const replica = new LedgerReplica();
  for (const { revocation: entry } of service.everRevoked) replica.merge(entry);
  return replica;
}

const stateOf = (replica: LedgerReplica) => ({
  sizes: replica.sizes,
  names: ['a', 'b', 'c', 'd'].map((id) => [
    replica.generationOf(id),
    replica.isTokenRevoked(id),
    replica.isKeyRevoked(id),
  ]),
});
