import type { VerifierCredential } from './authorizer.js';
import { type Clock, type Random, systemClock } from './clock.js';
import type { ServiceOptions } from './endpoints.js';

/**
 * What a verifier does while it cannot be sure that it knows every revocation.
 * - `introspect`: it asks the service about each token, for as long as the service answers.
 * - `deny`: it refuses, with `temporarily_unavailable`.
 * - `accept`: it goes by what it knows until that is `maxStalenessMs` old, and refuses then.
 * - `failOpen`: it goes by what it knows without bound, before the first snapshot too; loudly. For those to whom being
 *   up matters more than a revocation being heard of.
 */
export type StalePolicy = 'introspect' | 'deny' | 'accept' | 'failOpen';

export interface VerifierOptions extends ServiceOptions {
  /** The issuer, byte for byte as in `iss`. */
  readonly issuer: string;
  /** The audience that this service is: a token for any other is refused. */
  readonly audience: string;
  /**
   * Who the verifier is: `{ clientId, clientSecret }` (or `clientSecretFile`), or a token source whose audience is the
   * issuer. The client needs the scope `countersign:introspect`, and the audience among its `serves_audiences`.
   */
  readonly credential: VerifierCredential;
  /** Default `introspect`. */
  readonly onStale?: StalePolicy | undefined;
  /** How old knowledge may be under `accept`. Default 5000. Below 1500 it also shortens what counts as fresh. */
  readonly maxStalenessMs?: number | undefined;
  /** Memory for tokens verified before. Default 32 MiB, some 15 000 tokens. */
  readonly cacheBytes?: number | undefined;
  /** Time limit of an introspection, waiting for its turn included. Default 1000. */
  readonly introspectionTimeoutMs?: number | undefined;
  /** Introspections on the way at once. Default 64. */
  readonly maxIntrospections?: number | undefined;
  /** A key that is not in the set is asked for no more often than this. Default 5000. */
  readonly unknownKeyIntervalMs?: number | undefined;
  /** Time limit of a connection attempt, and of fetching the keys. Default 2000. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * A stream of revocations this old, give or take a tenth, is replaced by a new one on a new connection. To be kept
   * well below the server's limit on a connection's age, which is 300 s. Default 220 000.
   */
  readonly maxStreamAgeMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** Up to this staleness a verifier decides alone. */
const FRESH_MS = 1500;

export interface VerifierSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly onStale: StalePolicy;
  readonly maxStalenessMs: number;
  readonly freshMs: number;
  readonly cacheBytes: number;
  readonly introspectionTimeoutMs: number;
  readonly maxIntrospections: number;
  readonly unknownKeyIntervalMs: number;
  readonly connectTimeoutMs: number;
  readonly maxStreamAgeMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** The options with every default in its place. Throws a `TypeError` that names what is wrong. */
export function settingsFrom(options: VerifierOptions): VerifierSettings {
  const { issuer, audience, onStale = 'introspect', maxStalenessMs = 5000 } = options;
  if (!issuer) throw new TypeError('issuer is missing.');
  if (!audience) throw new TypeError('audience is missing.');
  if (!['introspect', 'deny', 'accept', 'failOpen'].includes(onStale)) {
    throw new TypeError('onStale must be introspect, deny, accept or failOpen.');
  }
  const settings = {
    issuer,
    audience,
    onStale,
    maxStalenessMs,
    freshMs: Math.min(FRESH_MS, maxStalenessMs),
    cacheBytes: options.cacheBytes ?? 32 * 1024 * 1024,
    introspectionTimeoutMs: options.introspectionTimeoutMs ?? 1000,
    maxIntrospections: options.maxIntrospections ?? 64,
    unknownKeyIntervalMs: options.unknownKeyIntervalMs ?? 5000,
    connectTimeoutMs: options.connectTimeoutMs ?? 2000,
    maxStreamAgeMs: options.maxStreamAgeMs ?? 220_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === 'number' && !(value > 0)) throw new TypeError(`${name} must be a number above 0.`);
  }
  return settings;
}
