import type { ClientRecord } from '../../domain/client.js';
import { temporarilyUnavailable } from '../../domain/errors.js';
import type { ClientId, Generation, TokenId } from '../../domain/ids.js';
import type { AuditEntry, Clock, RingVersion, StoredKeyRing, StoreMarker } from '../../domain/ports.js';
import type { Revocation, RevocationMark } from '../../domain/revocation.js';
import { MemoryAuditTrail } from './audit-trail.js';
import { FeedHistory } from './feed-history.js';
import { SortedIds } from './sorted-ids.js';

/** How a client stands: outlives its record. */
export interface Standing {
  readonly generation: Generation;
  readonly mark: RevocationMark | undefined;
}

const NEVER_REVOKED: Standing = { generation: 0 as Generation, mark: undefined };

/** Everything that the embedded store holds, and the few rules that all its ports share. */
export class MemoryState {
  readonly records = new Map<ClientId, ClientRecord>();
  readonly ids = new SortedIds();
  readonly standings = new Map<ClientId, Standing>();
  /** When each revoked token may be forgotten, in seconds since 1970. */
  readonly revokedTokens = new Map<TokenId, number>();
  readonly history = new FeedHistory();
  readonly audit = new MemoryAuditTrail();
  marker: StoreMarker | undefined;
  ring: StoredKeyRing | undefined;
  boundTo: string | undefined;
  readonly clock: Clock;
  #highest = 0;
  #closed = false;
  #endOfTurn: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get ringVersion(): RingVersion {
    return this.ring?.version ?? 0;
  }

  /** Whether this is the bound store and still open. */
  answers(): boolean {
    return !this.#closed && (this.boundTo === undefined || this.boundTo === this.marker?.storeId);
  }

  /** Fails with `temporarily_unavailable` unless the store answers. */
  requireAnswers(): void {
    if (!this.answers()) throw temporarilyUnavailable(new Error('the store is closed, or not the bound one'));
  }

  /**
   * Settles once this turn of the event loop has read all that had come. Looks that wait for it go on together, as
   * those of Redis do, and so do the signatures after them: given to the thread pool one by one as calls come in, each
   * has the system switch threads, and a server by itself issued a third fewer tokens than with Redis behind it.
   */
  endOfTurn(): Promise<void> {
    this.#endOfTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#endOfTurn = undefined;
        resolve();
      });
    });
    return this.#endOfTurn;
  }

  close(): void {
    this.#closed = true;
    this.history.close();
    this.audit.close();
  }

  standingOf(clientId: ClientId): Standing {
    return this.standings.get(clientId) ?? NEVER_REVOKED;
  }

  /** Raises a client's generation, with the mark that it has from now on, and tells the feed. */
  raise(clientId: ClientId, mark: RevocationMark | undefined): Generation {
    const raised = Math.max(this.standingOf(clientId).generation + 1, this.clock.now(), this.#highest + 1);
    const generation = raised as Generation;
    this.setGeneration(clientId, generation, mark);
    return generation;
  }

  setGeneration(clientId: ClientId, generation: Generation, mark: RevocationMark | undefined): void {
    this.#highest = Math.max(this.#highest, generation);
    this.standings.set(clientId, { generation, mark });
    this.tell({ kind: 'client', clientId, generation });
  }

  tell(revocation: Revocation): void {
    this.history.append(revocation, this.clock.monotonic());
  }

  record(entry: AuditEntry | undefined): void {
    if (entry !== undefined) this.audit.append(entry, this.clock.now());
  }
}
