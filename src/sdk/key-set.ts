import {
  InvalidPaserk,
  type VerificationKey,
  verificationKeyFromPaserk,
} from '../adapters/paseto/public-token.js';
import type { ListVerificationKeysResponse } from '../wire/gen/countersign/v1/token_service.js';
import { Backoff } from './backoff.js';
import type { Clock, Random } from './clock.js';
import type { Endpoints } from './endpoints.js';
import { CountersignError, errorFromService } from './errors.js';

export interface KeySetOptions {
  readonly endpoints: Endpoints;
  readonly clock: Clock;
  readonly random: Random;
  readonly timeoutMs: number;
  /** A key that is not in the set is asked for no more often than this. */
  readonly unknownKeyIntervalMs: number;
  readonly sink: { changed(): void; trouble(err: CountersignError): void };
}

/** Where the service does not say. */
const DEFAULT_REFRESH_SECONDS = 300;

/**
 * The keys that check tokens, refreshed before the service may sign with one that is not among them. A set that cannot
 * be refreshed goes on being used: that a key is revoked is learnt from the feed, not from here.
 */
export class KeySet {
  readonly #options: KeySetOptions;
  readonly #backoff: Backoff;
  #keys = new Map<string, VerificationKey>();
  #fetching: Promise<void> | undefined;
  /** When the newest answer was asked for, and how often the set had been outdated by then. */
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #askedAfter = 0;
  #timesOutdated = 0;
  #failure: { readonly err: CountersignError; readonly retryAtMs: number } | undefined;
  #cancelTimer: () => void = () => {};
  #closed = false;

  constructor(options: KeySetOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: 100, capMs: 5000, random: options.random });
  }

  start(): void {
    this.#refresh();
  }

  get size(): number {
    return this.#keys.size;
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** The key, if it is in the set. */
  known(keyId: string): VerificationKey | undefined {
    return this.#keys.get(keyId);
  }

  /**
   * The key, asked for anew where it is not in the set: at most once per interval, however many unknown ids are seen.
   * Undefined when the service does not have it either; rejects with `CountersignError` when that cannot be told.
   */
  async find(keyId: string): Promise<VerificationKey | undefined> {
    const known = this.#keys.get(keyId);
    if (known !== undefined || this.#isCurrent()) return known;
    await this.#fetch();
    // Who joined an answer that was asked for before the set was outdated has to ask again.
    if (!this.#keys.has(keyId) && !this.#isCurrent()) await this.#fetch();
    return this.#keys.get(keyId);
  }

  /** A key was revoked: its successor may sign at once, without the usual notice. */
  outdate(): void {
    this.#timesOutdated += 1;
    this.#refresh();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
  }

  #isCurrent(): boolean {
    const ageMs = this.#options.clock.monotonic() - this.#askedAtMs;
    return ageMs < this.#options.unknownKeyIntervalMs && this.#askedAfter === this.#timesOutdated;
  }

  #refresh(): void {
    // A failure is told to the sink and tried again by #ask; nobody waits for it here.
    this.#fetch().catch(() => {});
  }

  #fetch(): Promise<void> {
    const { clock } = this.#options;
    if (
      this.#fetching === undefined &&
      this.#failure !== undefined &&
      clock.monotonic() < this.#failure.retryAtMs
    ) {
      return Promise.reject(this.#failure.err);
    }
    this.#fetching ??= this.#ask().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #ask(): Promise<void> {
    const { clock, endpoints, random, sink, timeoutMs } = this.#options;
    this.#cancelTimer();
    const askedAtMs = clock.monotonic();
    const askedAfter = this.#timesOutdated;
    try {
      const answer = await endpoints.call<ListVerificationKeysResponse>(
        (client, metadata, options, done) => client.listVerificationKeys({}, metadata, options, done),
        { timeoutMs },
      );
      this.#take(answer);
      this.#askedAtMs = askedAtMs;
      this.#askedAfter = askedAfter;
      this.#failure = undefined;
      this.#backoff.succeeded();
      const refreshSeconds =
        answer.refreshAfterSeconds > 0 ? answer.refreshAfterSeconds : DEFAULT_REFRESH_SECONDS;
      // Early, never late, and not all verifiers at once.
      this.#refreshIn(refreshSeconds * 1000 * (0.7 + 0.25 * random()));
    } catch (thrown) {
      const err = errorFromService(thrown);
      const waitMs = this.#backoff.failed(err.retryAfterSeconds);
      this.#failure = { err, retryAtMs: clock.monotonic() + waitMs };
      this.#refreshIn(waitMs);
      if (!this.#closed) sink.trouble(err);
      throw err;
    }
  }

  #take(answer: ListVerificationKeysResponse): void {
    const keys = new Map<string, VerificationKey>();
    for (const { keyId, publicKey } of answer.keys) {
      const key = this.#keys.get(keyId) ?? soundKey(publicKey);
      // The id is derived from the key, so one that stands beside another's id is a mistake or an attack.
      if (key !== undefined && key.keyId === keyId && key.publicKey === publicKey) keys.set(keyId, key);
      else
        this.#options.sink.trouble(
          new CountersignError('internal', 'A published key was refused as unsound.'),
        );
    }
    // An issuer always has a key: an empty answer is a mistake, and to follow it would refuse every token.
    if (keys.size === 0) throw new CountersignError('internal', 'The service published no key.');
    this.#keys = keys;
    this.#options.sink.changed();
  }

  #refreshIn(delayMs: number): void {
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.after(Math.min(delayMs, 86_400_000), () => this.#refresh());
  }
}

function soundKey(paserk: string): VerificationKey | undefined {
  try {
    return verificationKeyFromPaserk(paserk);
  } catch (err) {
    if (err instanceof InvalidPaserk) return undefined;
    throw err;
  }
}
