import { temporarilyUnavailable } from '../../domain/errors.js';
import type { Generation } from '../../domain/ids.js';
import type { Clock } from '../../domain/ports.js';

/** A confirmed beat counts for so long. A failover takes longer: whoever lost its replicas is silent before it is done. */
const BEAT_COUNTS_FOR_MS = 1000;

/**
 * Whether what Redis says may be believed: it is the store that this server is bound to, and, where replicas are
 * waited for, a master that still has them. Also the highest generation that this server ever saw.
 */
export class StoreBinding {
  readonly #clock: Clock;
  /** Undefined: no beat is asked for. */
  #lastBeat: number | undefined;
  #boundTo: string | undefined;
  #isRightStore = true;
  #highest = 0;
  #epoch: string | undefined;
  /** Undefined: nobody reads the feed, so nobody knows what a failover may have lost. */
  #followed: string | undefined;
  /** Called when {@link isRightStore} or {@link isRestored} has changed. */
  onTurn: () => void = () => undefined;

  constructor(clock: Clock, options: { readonly needsBeat: boolean }) {
    this.#clock = clock;
    this.#lastBeat = options.needsBeat ? Number.NEGATIVE_INFINITY : undefined;
  }

  /** Empty: any store will do. */
  get storeId(): string {
    return this.#boundTo ?? '';
  }

  get isRightStore(): boolean {
    return this.#isRightStore;
  }

  get isFresh(): boolean {
    return this.#lastBeat === undefined || this.#clock.monotonic() - this.#lastBeat <= BEAT_COUNTS_FOR_MS;
  }

  bind(storeId: string): void {
    this.#boundTo = storeId;
  }

  /** Notes a beat that the replicas confirmed, by the time before it was sent. */
  confirm(sentAtMonotonicMs: number): void {
    if (this.#lastBeat !== undefined) this.#lastBeat = Math.max(this.#lastBeat, sentAtMonotonicMs);
  }

  /** The history of the master on which all connections stand; undefined while that is not known. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** Notes where the connections stand. What another master confirmed says nothing about this one. */
  standOn(epoch: string | undefined): void {
    if (epoch !== this.#epoch && this.#lastBeat !== undefined) this.#lastBeat = Number.NEGATIVE_INFINITY;
    this.#epoch = epoch;
  }

  /** Notes in which epoch the feed is read: what was seen before it is put back by then. Undefined: it is read no more. */
  follow(epoch: string | undefined): void {
    this.#followed = epoch;
    this.onTurn();
  }

  /** False between a failover and the moment when what it may have lost has been put back. */
  get isRestored(): boolean {
    return this.#followed === undefined || this.#epoch === undefined || this.#followed === this.#epoch;
  }

  /**
   * {@link verify} for replies by which tokens and credentials are judged. A new master may lack revocations that were
   * answered before, and calls nothing active until this server has put back those that it saw.
   */
  verifyRestored(storeId: unknown): void {
    this.verify(storeId);
    if (!this.isRestored) {
      throw temporarilyUnavailable(
        new Error('what the store may have lost in a failover has yet to be put back'),
      );
    }
  }

  /**
   * Fails with `temporarily_unavailable` unless a reply is to be believed. To be called after it has come, with the
   * store's id as read after the rest of it: whatever was read before is then of that store.
   */
  verify(storeId: unknown): void {
    this.verifyStore(storeId);
    if (this.#epoch === undefined) {
      throw temporarilyUnavailable(
        new Error('the connections have yet to show that they lead to one master'),
      );
    }
    if (!this.isFresh) {
      throw temporarilyUnavailable(
        new Error('too few replicas have confirmed a beat within the last second'),
      );
    }
  }

  /** The part of {@link verify} that is about which store it is. */
  verifyStore(storeId: unknown): void {
    this.#turn(this.#boundTo === undefined || storeId === this.#boundTo);
    if (!this.#isRightStore) {
      throw temporarilyUnavailable(
        new Error('this Redis is empty, or another one than the server started on'),
      );
    }
  }

  #turn(isRight: boolean): void {
    if (isRight === this.#isRightStore) return;
    this.#isRightStore = isRight;
    this.onTurn();
  }

  saw(generation: Generation): void {
    if (generation > this.#highest) this.#highest = generation;
  }

  /** The least that a raised generation must be. */
  get floor(): number {
    return this.#highest + 1;
  }
}
