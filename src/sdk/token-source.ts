import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { Backoff } from './backoff.js';
import { type ClientCredential, type ReadSecret, secretReader } from './client-secret.js';
import { type Clock, type Random, systemClock } from './clock.js';
import { CountersignError, errorFromService } from './errors.js';
import { grpcIssuer, type IssuedToken, type Issuer } from './issue-token.js';
import { type Fetch, httpIssuer } from './issue-token-over-http.js';

export interface TokenSourceOptions extends ClientCredential {
  /** The service over gRPC: `host:port`, several to try in turn, or any gRPC target. This or `tokenEndpoint`. */
  readonly address?: string | readonly string[] | undefined;
  /** The service over HTTP: the URL of `/oauth/token`. */
  readonly tokenEndpoint?: string | URL | undefined;
  /** Scopes to ask for; none asks for the client's default ones. */
  readonly scopes?: readonly string[] | undefined;
  /** The audience to ask for; by default the client's default one. */
  readonly audience?: string | undefined;
  /** The life to ask for, over gRPC only; by default the client's. */
  readonly ttlSeconds?: number | undefined;
  /** Time limit of one attempt, all addresses together. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** The longest pause between failed attempts, server hints aside. Default 30 000. */
  readonly maxBackoffMs?: number | undefined;
  /** Channel credentials for gRPC; by default TLS, and plaintext for loopback addresses alone. */
  readonly credentials?: ChannelCredentials | undefined;
  readonly channelOptions?: ChannelOptions | undefined;
  /** Lets the secret go to an `http:` endpoint that is not loopback. Default false. */
  readonly allowPlaintext?: boolean | undefined;
  /** In place of the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** A token that is always good, as far as that can be had. */
export interface TokenSource {
  /**
   * A token with life left in it. Asks the service only when there is none: from then on it is refreshed ahead of its
   * end while callers go on getting the old one. Rejects with `CountersignError`; between failed attempts it rejects
   * at once with the last error, and the service is left in peace.
   */
  token(): Promise<string>;
  /** Says that a token was refused though it looked good: it is not handed out again. */
  invalidate(token: string): void;
  /** Drops the token and ends everything under way. */
  close(): void;
}

/** A source of tokens for one client, scope set and audience. Connects at the first call; throws for bad options. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const readSecret = secretReader(options);
  return new CachedTokenSource(issuerFor(options), readSecret, {
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    maxBackoffMs: options.maxBackoffMs ?? 30_000,
  });
}

function issuerFor(options: TokenSourceOptions): Issuer {
  const { address, tokenEndpoint, timeoutMs = 5000 } = options;
  const { clientId, scopes = [], audience, ttlSeconds } = options;
  const request = { clientId, scopes, audience, ttlSeconds };
  if (address !== undefined && tokenEndpoint === undefined) {
    const { credentials, channelOptions } = options;
    return grpcIssuer({ address, credentials, channelOptions }, request, timeoutMs);
  }
  if (tokenEndpoint === undefined || address !== undefined) {
    throw new TypeError('Give either address or tokenEndpoint.');
  }
  if (ttlSeconds !== undefined) throw new TypeError('ttlSeconds can be asked for only over gRPC.');
  const { fetch = globalThis.fetch, allowPlaintext = false, clock = systemClock } = options;
  return httpIssuer({ tokenEndpoint, timeoutMs, fetch, allowPlaintext, now: clock.now }, request);
}

/** The refresh falls into this part of a token's life, at random, so that a fleet started together spreads out. */
const REFRESH_FROM = 0.7;
const REFRESH_SPREAD = 0.15;
/** A token this close to its end may die on the way; for short lives a tenth of the life. */
const MARGIN_MS = 5000;
/** A token younger than this is not given up for a refusal: a service that refuses everything would make a storm. */
const MIN_AGE_TO_INVALIDATE_MS = 1000;

interface Cached {
  readonly token: string;
  readonly fetchedAtMs: number;
  readonly refreshAtMs: number;
  readonly goodUntilMs: number;
  /** The same moment on the wall clock: it goes on while a machine sleeps, as the token's life does. */
  readonly goodUntilWallMs: number;
}

class CachedTokenSource implements TokenSource {
  readonly #issuer: Issuer;
  readonly #readSecret: ReadSecret;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  #cached: Cached | undefined;
  #askedSinceFetch = false;
  #fetching: Promise<string> | undefined;
  #failure: { readonly err: CountersignError; readonly retryAtMs: number } | undefined;
  #cancelTimer: () => void = () => {};

  constructor(
    issuer: Issuer,
    readSecret: ReadSecret,
    options: { clock: Clock; random: Random; maxBackoffMs: number },
  ) {
    this.#issuer = issuer;
    this.#readSecret = readSecret;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = new Backoff({ firstMs: 250, capMs: options.maxBackoffMs, random: options.random });
  }

  async token(): Promise<string> {
    if (this.#closing.signal.aborted) throw closed();
    this.#askedSinceFetch = true;
    const cached = this.#goodToken();
    if (cached === undefined) return this.#fetch();
    if (this.#clock.monotonic() >= cached.refreshAtMs) this.#refreshInBackground();
    return cached.token;
  }

  invalidate(token: string): void {
    const cached = this.#cached;
    if (cached?.token !== token) return;
    if (this.#clock.monotonic() - cached.fetchedAtMs >= MIN_AGE_TO_INVALIDATE_MS) this.#cached = undefined;
  }

  close(): void {
    this.#closing.abort();
    this.#cancelTimer();
    this.#cached = undefined;
    this.#issuer.close();
  }

  #goodToken(): Cached | undefined {
    const cached = this.#cached;
    if (cached === undefined) return undefined;
    const good = this.#clock.monotonic() < cached.goodUntilMs && this.#clock.now() < cached.goodUntilWallMs;
    return good ? cached : undefined;
  }

  /** One request in flight, however many ask. */
  #fetch(): Promise<string> {
    const failure = this.#failure;
    if (this.#fetching === undefined && failure !== undefined) {
      const waitMs = failure.retryAtMs - this.#clock.monotonic();
      if (waitMs > 0) return Promise.reject(sameLater(failure.err, waitMs));
    }
    this.#fetching ??= this.#attempt().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  #refreshInBackground(): void {
    // The old token is still good, so a failure concerns nobody yet; #attempt has noted it and when to try again.
    this.#fetch().catch(() => {});
  }

  async #attempt(): Promise<string> {
    // Counted from before the request: the token may be younger than we think, and never older.
    const startedMs = this.#clock.monotonic();
    const startedWallMs = this.#clock.now();
    this.#cancelTimer();
    try {
      const issued = await this.#issueWithCurrentSecret();
      if (this.#closing.signal.aborted) throw closed();
      this.#keep(issued, startedMs, startedWallMs);
      return issued.token;
    } catch (thrown) {
      const err = this.#closing.signal.aborted ? closed() : errorFromService(thrown);
      const waitMs = this.#backoff.failed(err.retryAfterSeconds);
      this.#failure = { err, retryAtMs: this.#clock.monotonic() + waitMs };
      if (this.#goodToken() !== undefined) this.#refreshIn(waitMs);
      throw err;
    }
  }

  /** A secret that was rotated between our reading it and the service checking it gets a second chance at once. */
  async #issueWithCurrentSecret(): Promise<IssuedToken> {
    const secret = await this.#readSecret();
    try {
      return await this.#issuer.issue(secret, this.#closing.signal);
    } catch (err) {
      if (!(err instanceof CountersignError) || err.code !== 'invalid_client') throw err;
      const reread = await this.#readSecret();
      if (reread === secret) throw err;
      return this.#issuer.issue(reread, this.#closing.signal);
    }
  }

  #keep(issued: IssuedToken, startedMs: number, startedWallMs: number): void {
    const lifeMs = issued.expiresInSeconds * 1000;
    const usableMs = lifeMs - Math.min(MARGIN_MS, lifeMs / 10);
    const refreshAfterMs = lifeMs * (REFRESH_FROM + REFRESH_SPREAD * this.#random());
    this.#cached = {
      token: issued.token,
      fetchedAtMs: this.#clock.monotonic(),
      refreshAtMs: startedMs + refreshAfterMs,
      goodUntilMs: startedMs + usableMs,
      goodUntilWallMs: startedWallMs + usableMs,
    };
    this.#backoff.succeeded();
    this.#failure = undefined;
    this.#askedSinceFetch = false;
    this.#refreshIn(startedMs + refreshAfterMs - this.#clock.monotonic());
  }

  /** A token that nobody has asked for since it came is left to end: idle programs should not keep the service busy. */
  #refreshIn(delayMs: number): void {
    if (this.#closing.signal.aborted) return;
    this.#cancelTimer = this.#clock.after(Math.min(Math.max(0, delayMs), 0x7fffffff), () => {
      if (this.#askedSinceFetch) this.#refreshInBackground();
    });
  }
}

const sameLater = (err: CountersignError, waitMs: number): CountersignError =>
  new CountersignError(err.code, err.message, { cause: err, retryAfterSeconds: waitMs / 1000 });

const closed = (): CountersignError =>
  new CountersignError('temporarily_unavailable', 'This token source is closed.');
