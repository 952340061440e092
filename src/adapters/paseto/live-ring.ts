import { temporarilyUnavailable } from '../../domain/errors.js';
import type { KeyId } from '../../domain/ids.js';
import {
  type Clock,
  type KeyRingStore,
  type RingChange,
  type RingVersion,
  type StoredKeyRing,
  StoreUnusable,
} from '../../domain/ports.js';
import { coalesced } from './coalesced.js';
import { type FoundStore, signingKeyMaker } from './founding.js';
import { contentOfRing, type MasterKeys, masterKeyOf, type RingContent } from './ring-content.js';

/** How often a change is tried while others change the ring; each time somebody else has made progress. */
const MAX_ATTEMPTS = 20;

export interface LiveRingOptions {
  readonly store: KeyRingStore;
  readonly storeId: string;
  readonly masterKeys: MasterKeys;
  readonly clock: Clock;
  /** How old knowledge of the ring may be, in ms, before it is read again even at the same version. */
  readonly maxAgeMs: number;
}

/**
 * The ring in memory, current whenever an answer depends on it.
 *
 * A look at the store names the ring's version as of that look; where it is not the one held, the ring is read again
 * before the answer. The same goes for knowledge that has grown old, so a server that was paused or cut off does not
 * come back with keys of the past. A ring that cannot be unwrapped leaves nothing behind to answer from: every answer
 * is then `temporarily_unavailable`, and {@link ready} says so.
 */
export class LiveRing {
  private readonly options: LiveRingOptions;
  private readonly listeners: ((ready: boolean, cause?: unknown) => void)[] = [];
  /** Revocations once seen hold, even if a failover of the store were to lose them. */
  private readonly revoked = new Set<KeyId>();
  private held: RingContent | undefined;
  private storeTimeMs = 0;
  private readAtMs = 0;

  /** Reads the ring now; however many ask, it is read once for all who asked before the reading began. */
  readonly reload: () => Promise<RingContent>;

  constructor(options: LiveRingOptions, found: FoundStore) {
    this.options = options;
    this.reload = coalesced(() => this.read());
    // The time of the founding look is not known to the millisecond; the next reading sets it right.
    this.hold(contentOfRing(found.ring, options.masterKeys), found.storeTimeMs, options.clock.monotonic());
  }

  /** The ring if it is held as of this version and known anew enough: what is nearly always so, without waiting. */
  heldAt(version: RingVersion): RingContent | undefined {
    const { held } = this;
    const ageMs = this.options.clock.monotonic() - this.readAtMs;
    return held?.stored.version === version && ageMs <= this.options.maxAgeMs ? held : undefined;
  }

  /** The ring as of a version that a look has just brought, or newer. Fails with `temporarily_unavailable`. */
  async asOf(version: RingVersion): Promise<RingContent> {
    return this.heldAt(version) ?? this.reload();
  }

  /** The ring as last read, for what never changes of it. Fails with `temporarily_unavailable`. */
  latest(): RingContent {
    if (this.held === undefined) throw temporarilyUnavailable();
    return this.held;
  }

  /**
   * The store's time, in whole ms since 1970: behind it by no more than the rounding, and ahead by at most the round
   * trip of the last reading.
   */
  storeNowMs(): number {
    return Math.floor(this.storeTimeMs + this.options.clock.monotonic() - this.readAtMs);
  }

  hasRevoked(keyId: KeyId): boolean {
    return this.revoked.has(keyId);
  }

  ready(): boolean {
    return this.held !== undefined;
  }

  onReadyChange(listener: (ready: boolean, cause?: unknown) => void): void {
    this.listeners.push(listener);
  }

  /** Applies a change by compare-and-set. Answers the ring as it then stood, at the store's time. */
  async change(change: RingChange): Promise<{ readonly ring: StoredKeyRing; readonly storeTimeMs: number }> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { stored } = await this.reload();
      const storeTimeMs = this.storeNowMs();
      const makeKey = signingKeyMaker(masterKeyOf(stored, this.options.masterKeys));
      const changed = change(stored, storeTimeMs, makeKey);
      if (changed === undefined) return { ring: stored, storeTimeMs };
      const { ring, ...notes } = changed;
      if (!(await this.options.store.replace(ring, notes))) continue;
      // It has happened. If it cannot be read back now, the next look at the store brings its version.
      await this.reload().catch(() => undefined);
      return { ring, storeTimeMs };
    }
    throw temporarilyUnavailable(new Error('The key ring kept changing under this change.'));
  }

  private async read(): Promise<RingContent> {
    const askedAtMs = this.options.clock.monotonic();
    const found = await this.options.store.read();
    let content: RingContent;
    try {
      if (found?.marker.storeId !== this.options.storeId)
        throw new StoreUnusable('The store is another one now.');
      content = contentOfRing(found.ring, this.options.masterKeys, this.held);
    } catch (cause) {
      this.drop(cause);
      throw temporarilyUnavailable(cause);
    }
    this.hold(content, found.storeTimeMs, askedAtMs);
    return content;
  }

  private hold(content: RingContent, storeTimeMs: number, readAtMs: number): void {
    const wasReady = this.ready();
    this.held = content;
    this.storeTimeMs = storeTimeMs;
    this.readAtMs = readAtMs;
    for (const { keyId, revokeTimeMs } of content.stored.keys) {
      if (revokeTimeMs !== undefined) this.revoked.add(keyId);
    }
    if (!wasReady) this.tell(true);
  }

  private drop(cause: unknown): void {
    const wasReady = this.ready();
    this.held = undefined;
    if (wasReady) this.tell(false, cause);
  }

  private tell(ready: boolean, cause?: unknown): void {
    for (const listener of this.listeners) listener(ready, cause);
  }
}
