import { Authenticator } from './authenticator.js';
import { makeAuthorizer } from './authorizer.js';
import { Endpoints } from './endpoints.js';
import { type CountersignError, type RefusalReason, VerifyError } from './errors.js';
import { FeedFollower } from './feed-follower.js';
import { Introspector } from './introspector.js';
import { KeySet } from './key-set.js';
import { Listeners } from './listeners.js';
import type { Principal } from './principal.js';
import { refusalOf, type VerifiedToken } from './verified-token.js';
import { settingsFrom, type VerifierOptions, type VerifierSettings } from './verifier-options.js';

/** What a verifier tells, with the arguments of its listeners. */
export type VerifierEvents = {
  /** It knows every revocation up to a moment ago, for the first time or again. */
  fresh: [];
  /** It no longer does: its policy decides from now on. */
  stale: [];
  /** The feed is read from a snapshot again: a message was lost, or an entry of an `unknown` kind came. */
  resync: ['gap' | 'unknown'];
  /** The key set was read. */
  keys: [];
  /** A call to the service failed; it is tried again. */
  trouble: [CountersignError];
  /** A token was accepted though nothing is known for sure: at the first one, and each minute while it goes on. */
  failOpen: [];
};

export interface VerifierMetrics {
  /** Tokens accepted, by how: from memory, by signature, on the service's word, or stale under a policy. */
  readonly accepted: Readonly<Record<'warm' | 'cold' | 'introspected' | 'stale', number>>;
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  readonly stalenessMs: number;
  readonly ledger: { readonly clients: number; readonly tokens: number; readonly keys: number };
  readonly verificationKeys: number;
  readonly cached: { readonly tokens: number; readonly bytes: number };
  readonly introspectionsPending: number;
  readonly streamsOpened: number;
  readonly resyncs: number;
}

/** Checks access tokens in this process, and hears of revocations within milliseconds. */
export interface Verifier {
  /** The token's principal. Rejects with {@link VerifyError}. */
  verify(token: string): Promise<Principal>;
  /** As {@link verify}, at once, for a token seen before and while fresh; otherwise undefined: then ask `verify`. */
  check(token: string): Principal | undefined;
  /** How long ago, at most, every revocation was known; Infinity before the first time. */
  staleness(): number;
  /** Resolves once the verifier is fresh and has keys. Rejects with {@link VerifyError} when closed or out of time. */
  ready(timeoutMs?: number): Promise<void>;
  /** Calls back on an event; answers a function that stops it. */
  on<Name extends keyof VerifierEvents>(
    name: Name,
    listener: (...args: VerifierEvents[Name]) => void,
  ): () => void;
  metrics(): VerifierMetrics;
  /** Ends every connection and timer. From then on every token is refused, with `temporarily_unavailable`. */
  close(): void;
}

/** Starts a verifier, which connects at once and goes on trying. Throws a `TypeError` for bad options. */
export function createVerifier(options: VerifierOptions): Verifier {
  return new FollowingVerifier(options, settingsFrom(options));
}

const FAIL_OPEN_REMINDER_MS = 60_000;

class FollowingVerifier implements Verifier {
  readonly #settings: VerifierSettings;
  readonly #endpoints: Endpoints;
  readonly #follower: FeedFollower;
  readonly #keys: KeySet;
  readonly #introspector: Introspector;
  readonly #authenticator: Authenticator;
  readonly #listeners = new Listeners<VerifierEvents>();
  readonly #readyWaiters = new Set<(err?: VerifyError) => void>();
  readonly #accepted = { warm: 0, cold: 0, introspected: 0, stale: 0 };
  readonly #refused: Partial<Record<RefusalReason, number>> = {};
  #revokedKeys = 0;
  #resyncs = 0;
  #wasFresh = false;
  #cancelStaleTimer: () => void = () => {};
  #remindAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: VerifierOptions, settings: VerifierSettings) {
    const { clock, random, connectTimeoutMs, maxStreamAgeMs } = settings;
    this.#settings = settings;
    this.#endpoints = new Endpoints(options);
    const endpoints = this.#endpoints;
    const authorizer = makeAuthorizer(options.credential);
    const trouble = (err: CountersignError) => this.#listeners.emit('trouble', err);
    this.#keys = new KeySet({
      endpoints,
      clock,
      random,
      timeoutMs: connectTimeoutMs,
      unknownKeyIntervalMs: settings.unknownKeyIntervalMs,
      sink: { changed: () => this.#onKeys(), trouble },
    });
    this.#authenticator = new Authenticator({ ...settings, keys: this.#keys });
    this.#introspector = new Introspector({
      endpoints,
      authorizer,
      timeoutMs: settings.introspectionTimeoutMs,
      maxConcurrent: settings.maxIntrospections,
    });
    this.#follower = new FeedFollower({
      endpoints,
      authorizer,
      clock,
      random,
      connectTimeoutMs,
      maxStreamAgeMs,
      sink: {
        merged: () => this.#onMerged(),
        confirmed: () => this.#onConfirmed(),
        resync: (reason) => this.#onResync(reason),
        ended: trouble,
      },
    });
    this.#keys.start();
    this.#follower.start();
  }

  verify(token: string): Promise<Principal> {
    const warm = this.check(token);
    return warm === undefined ? this.#verifyColdOrStale(token) : Promise.resolve(warm);
  }

  check(token: string): Principal | undefined {
    const known = this.#authenticator.known(token);
    if (known === undefined || !this.#isFresh() || this.#refusalOf(known) !== undefined) return undefined;
    this.#accepted.warm += 1;
    return known.principal;
  }

  staleness(): number {
    return this.#follower.stalenessMs();
  }

  ready(timeoutMs?: number): Promise<void> {
    if (this.#closed) return Promise.reject(new VerifyError('closed'));
    if (this.#isReady()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (err?: VerifyError): void => {
        cancel();
        this.#readyWaiters.delete(settle);
        if (err === undefined) resolve();
        else reject(err);
      };
      const late = () => settle(new VerifyError(this.#keys.size === 0 ? 'no_keys' : 'stale'));
      const cancel = timeoutMs === undefined ? () => {} : this.#settings.clock.after(timeoutMs, late);
      this.#readyWaiters.add(settle);
    });
  }

  on<Name extends keyof VerifierEvents>(
    name: Name,
    listener: (...args: VerifierEvents[Name]) => void,
  ): () => void {
    return this.#listeners.on(name, listener);
  }

  metrics(): VerifierMetrics {
    return {
      accepted: { ...this.#accepted },
      refused: { ...this.#refused },
      stalenessMs: this.staleness(),
      ledger: this.#follower.replica.sizes,
      verificationKeys: this.#keys.size,
      cached: this.#authenticator.size,
      introspectionsPending: this.#introspector.pending,
      streamsOpened: this.#follower.opened,
      resyncs: this.#resyncs,
    };
  }

  close(): void {
    this.#closed = true;
    this.#cancelStaleTimer();
    this.#follower.close();
    this.#keys.close();
    this.#endpoints.close();
    for (const settle of [...this.#readyWaiters]) settle(new VerifyError('closed'));
  }

  async #verifyColdOrStale(token: string): Promise<Principal> {
    try {
      if (this.#closed) throw new VerifyError('closed');
      const known = this.#authenticator.known(token);
      const verified = known ?? (await this.#authenticator.authenticate(token));
      this.#refuseWhatIsKnown(verified);
      if (!this.#isFresh()) return await this.#decideStale(token, verified);
      this.#accepted[known === undefined ? 'cold' : 'warm'] += 1;
      return verified.principal;
    } catch (err) {
      const refusal = err instanceof VerifyError ? err : new VerifyError('stale', { cause: err });
      this.#refused[refusal.reason] = (this.#refused[refusal.reason] ?? 0) + 1;
      throw refusal;
    }
  }

  async #decideStale(token: string, verified: VerifiedToken): Promise<Principal> {
    switch (this.#settings.onStale) {
      case 'introspect': {
        const answer = await this.#introspector.introspect(token);
        if (!answer.active || answer.tokenId !== verified.tokenId) throw new VerifyError('inactive');
        this.#refuseWhatIsKnown(verified);
        this.#accepted.introspected += 1;
        return verified.principal;
      }
      case 'deny':
        throw new VerifyError('stale');
      case 'accept':
        if (this.staleness() > this.#settings.maxStalenessMs) throw new VerifyError('stale');
        this.#accepted.stale += 1;
        return verified.principal;
      case 'failOpen':
        this.#accepted.stale += 1;
        this.#remindOfFailingOpen();
        return verified.principal;
    }
  }

  #refuseWhatIsKnown(verified: VerifiedToken): void {
    const reason = this.#closed ? 'closed' : this.#refusalOf(verified);
    if (reason !== undefined) throw new VerifyError(reason);
  }

  #refusalOf(verified: VerifiedToken): RefusalReason | undefined {
    return refusalOf(verified, this.#settings.clock.now(), this.#follower.replica, this.#keys);
  }

  #isFresh(): boolean {
    return !this.#closed && this.#follower.stalenessMs() <= this.#settings.freshMs;
  }

  #isReady(): boolean {
    return this.#isFresh() && this.#keys.size > 0;
  }

  #onKeys(): void {
    this.#listeners.emit('keys');
    this.#tellWhoWaits();
  }

  #onMerged(): void {
    const { keys } = this.#follower.replica.sizes;
    if (keys > this.#revokedKeys) this.#keys.outdate();
    this.#revokedKeys = keys;
  }

  #onConfirmed(): void {
    if (!this.#isFresh()) return;
    this.#cancelStaleTimer();
    const leftMs = this.#settings.freshMs - this.staleness();
    this.#cancelStaleTimer = this.#settings.clock.after(leftMs + 1, () => {
      this.#wasFresh = false;
      this.#listeners.emit('stale');
    });
    if (!this.#wasFresh) {
      this.#wasFresh = true;
      this.#listeners.emit('fresh');
    }
    this.#tellWhoWaits();
  }

  #onResync(reason: 'gap' | 'unknown'): void {
    this.#resyncs += 1;
    this.#listeners.emit('resync', reason);
  }

  #tellWhoWaits(): void {
    if (this.#isReady()) for (const settle of [...this.#readyWaiters]) settle();
  }

  /** Loudly: who chose to fail open must not be able to forget that it does. */
  #remindOfFailingOpen(): void {
    const nowMs = this.#settings.clock.monotonic();
    if (nowMs < this.#remindAtMs) return;
    this.#remindAtMs = nowMs + FAIL_OPEN_REMINDER_MS;
    this.#listeners.emit('failOpen');
    process.emitWarning('Access tokens are accepted without knowing whether they are revoked.', {
      code: 'COUNTERSIGN_FAIL_OPEN',
    });
  }
}
