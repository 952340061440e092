import type {
  Revocation,
  RevocationSnapshot,
  WatchRevocationsResponse,
} from '../wire/gen/countersign/v1/token_service.js';
import type { LedgerReplica } from './ledger-replica.js';

/**
 * What a message of the feed came to.
 * - `applied`: the replica has it.
 * - `ignored`: seen before, or of no use yet.
 * - `confirmed`: nothing is missing; {@link FeedReading.confirmedAtMs} says as of when.
 * - `gap`: something is missing, so the feed has to be read anew from a snapshot.
 * - `clock`: the two clocks run apart, so this stream can no longer tell how fresh it is; another one can.
 * - `unknown`: an entry of a kind that this version does not know: it must never call itself fresh again.
 */
export type Step = 'applied' | 'ignored' | 'confirmed' | 'gap' | 'clock' | 'unknown';

/** A heartbeat this far in our future shows that the clocks differ; less is rounding and drift. */
const CLOCK_SLACK_MS = 50;

/**
 * Reads one stream of the feed into a replica, and knows what the stream proves.
 *
 * Freshness is a lower bound that no delay can flatter: this side notes its own monotonic time when it sends the
 * request; the server tells how long after that request's arrival it last had the store's word. The sum is a moment at
 * or before which that happened, so a heartbeat held up in a buffer counts for when it was true, not for when it came.
 */
export class FeedReading {
  readonly #replica: LedgerReplica;
  readonly #sentAtMs: number;
  /** Where to resume; empty while this stream has not given, or was not resumed from, a whole ledger. */
  #cursor: string;
  #inSnapshot = false;
  /** The number of the snapshot's last part that came. */
  #part = 0;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;

  /** `resumedFrom` is the cursor sent, `sentAtMs` the monotonic time just before it was. */
  constructor(replica: LedgerReplica, resumedFrom: string, sentAtMs: number) {
    this.#replica = replica;
    this.#cursor = resumedFrom;
    this.#sentAtMs = sentAtMs;
  }

  get cursor(): string {
    return this.#cursor;
  }

  get inSnapshot(): boolean {
    return this.#inSnapshot;
  }

  /** On this side's monotonic clock, when the store is known to have held nothing that the replica lacks. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs;
  }

  /** Takes in one message. What it revokes is merged whatever else is wrong: a revocation is never too much. */
  accept(message: WatchRevocationsResponse, receivedAtMs: number): Step {
    const { event, cursor } = message;
    switch (event?.$case) {
      case 'snapshot':
        return this.#merge(event.value.revocations, this.#acceptPart(event.value, cursor));
      case 'change':
        return this.#merge([event.value], this.#acceptChange(cursor));
      case 'heartbeat':
        return this.#acceptHeartbeat(event.value, cursor, receivedAtMs);
      default:
        return 'unknown';
    }
  }

  #merge(revocations: readonly Revocation[], step: Step): Step {
    let understood = true;
    for (const revocation of revocations) understood = this.#replica.merge(revocation) && understood;
    return understood || step === 'gap' ? step : 'unknown';
  }

  #acceptPart(part: Omit<RevocationSnapshot, 'revocations'>, cursor: string): Step {
    const follows =
      part.first || (this.#inSnapshot && (part.partNumber === 0 || part.partNumber === this.#part + 1));
    this.#part = part.partNumber;
    this.#inSnapshot = !part.last;
    this.#cursor = part.last ? cursor : '';
    return follows && (!part.last || positionFromCursor(cursor) !== undefined) ? 'applied' : 'gap';
  }

  #acceptChange(cursor: string): Step {
    if (this.#inSnapshot) return 'applied';
    const ahead = this.#distanceTo(cursor);
    if (ahead === 1) this.#cursor = cursor;
    else if (ahead === undefined || ahead > 1) return 'gap';
    return ahead === 1 ? 'applied' : 'ignored';
  }

  #acceptHeartbeat(
    beat: { readonly storeConfirmedMonotonicMs: number; readonly streamOpenedMonotonicMs: number },
    cursor: string,
    receivedAtMs: number,
  ): Step {
    if (this.#inSnapshot) return 'ignored';
    const ahead = this.#distanceTo(cursor);
    if (ahead === undefined || ahead > 0) return 'gap';
    if (ahead < 0) return 'ignored';
    const boundMs = this.#sentAtMs + (beat.storeConfirmedMonotonicMs - beat.streamOpenedMonotonicMs);
    if (boundMs > receivedAtMs + CLOCK_SLACK_MS) return 'clock';
    this.#confirmedAtMs = Math.max(this.#confirmedAtMs, Math.min(boundMs, receivedAtMs));
    return 'confirmed';
  }

  /** How many changes lie between what was read and a cursor; undefined across epochs, or with nothing read yet. */
  #distanceTo(cursor: string): number | undefined {
    const here = positionFromCursor(this.#cursor);
    const there = positionFromCursor(cursor);
    return here !== undefined && here.epoch === there?.epoch ? there.sequence - here.sequence : undefined;
  }
}

const CURSOR = /^([A-Za-z0-9]{1,64}):(0|[1-9]\d{0,15})$/;

/** The parts of a cursor `epoch:sequence`, or undefined for any other text. */
function positionFromCursor(
  cursor: string,
): { readonly epoch: string; readonly sequence: number } | undefined {
  const [, epoch, sequence] = CURSOR.exec(cursor) ?? [];
  return epoch === undefined ? undefined : { epoch, sequence: Number(sequence) };
}
