/**
 * What the domain asks of the world, as law: the contract suites in `test/contract` hold every adapter to these
 * sentences. Whatever a port cannot do for sure it must refuse with `temporarily_unavailable`, within 300 ms of its
 * backend hanging; it must never guess. A write that failed so may have taken effect, and repeating it must be safe.
 */
import type { Client, ClientRecord, StoredSecret } from './client.js';
import type { FailureThrottle } from './failure-throttle.js';
import type { ClientId, Generation, KeyId, SecretId, TokenId } from './ids.js';
import type { Revocation, RevocationMark } from './revocation.js';
import type { AuthenticToken, ClaimedToken, JsonObject, TokenClaims } from './token.js';

/** Time, injected so that tests own it. */
export interface Clock {
  /** Milliseconds since 1970, by this machine. */
  now(): number;
  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  monotonic(): number;
}

/** Unguessable names. */
export interface Ids {
  tokenId(): TokenId;
  clientId(): ClientId;
  secretId(): SecretId;
}

/** One administrative act, for the trail. The store adds the time. Holds no secret. */
export interface AuditEntry {
  /** Named as the RPC. */
  readonly action: string;
  /** The client id of who acted; `bootstrap`, `recover` or `schedule` for the server's own acts. */
  readonly actor: string;
  /** A client, token or key id. */
  readonly target: string;
  readonly sourceAddress: string;
  readonly requestId: string;
  readonly before?: JsonObject;
  readonly after?: JsonObject;
  readonly reason?: string;
}

/**
 * A number that rises with every change of the key ring. Every look at the store brings the current one, so that a key
 * ring held in memory is known to be current or is read anew, before the answer depends on it.
 */
export type RingVersion = number;

/** What is known of a client at one look. */
export interface ClientSighting {
  /** Undefined: there is none by that id. */
  readonly client: Client | undefined;
  /** 0 for a client that was never revoked; outlives the client. */
  readonly generation: Generation;
  readonly ringVersion: RingVersion;
}

/** A write takes effect only while the client is exactly as it was seen; otherwise it must refuse with `conflict`. */
export interface Expected {
  readonly version: number;
  readonly generation: Generation;
}

/**
 * Client records and the generations beside them.
 *
 * Every write is one atomic step together with its audit entry, its ledger entry and its place in the feed. When it
 * has returned, no later look on any server may contradict it. Generations only ever rise: a raised one is
 * max(stored + 1, the store's time in ms, 1 + the highest that this server ever saw).
 */
export interface ClientStore {
  /** Reads generation and mark first and the record after, or all in one step; so a change between can only deny. */
  look(clientId: ClientId): Promise<ClientSighting>;

  /**
   * Up to `limit` clients in the order of their ids (bytewise), all after `after` where given. A client that exists
   * during a whole listing is listed exactly once, whatever else is written meanwhile.
   */
  list(page: { readonly limit: number; readonly after?: ClientId }): Promise<readonly Client[]>;

  /**
   * Stores a new client. Refuses with `already_exists` when there is one by that id, and with `conflict` when the
   * generation is not `expectedGeneration`, so that a creation that comes late cannot follow a deletion.
   */
  create(record: ClientRecord, expectedGeneration: Generation, audit: AuditEntry): Promise<void>;

  /**
   * Stores the first administrator, if and only if this store never had one. Answers whether it did.
   */
  bootstrap(record: ClientRecord, audit: AuditEntry): Promise<boolean>;

  /**
   * Replaces the record (whose version must be the expected one plus 1), and with `raiseGeneration` kills every
   * outstanding token in the same step. The `lastUsedTimeMs` of a secret never goes back. Answers the generation.
   * Refuses with `not_found` or `conflict`.
   */
  replace(
    record: ClientRecord,
    expected: Expected,
    options: { readonly raiseGeneration: boolean },
    audit: AuditEntry,
  ): Promise<Generation>;

  /** Removes record and mark and raises the generation. Refuses with `not_found` or `conflict`. */
  delete(clientId: ClientId, expected: Expected, audit: AuditEntry): Promise<void>;

  /** Lifts the mark and raises the generation, and does nothing when there is no mark. `not_found`, `conflict`. */
  reinstate(clientId: ClientId, expected: Expected, audit: AuditEntry): Promise<void>;

  /**
   * Sets the mark, unless there is one already, and raises the generation; unconditional. A repeat raises it again:
   * revoking twice is success and can only kill more. Refuses with `not_found`.
   */
  revoke(clientId: ClientId, mark: Omit<RevocationMark, 'timeMs'>, audit: AuditEntry): Promise<void>;

  /** Raises the generation; unconditional. Refuses with `not_found`. */
  revokeTokens(clientId: ClientId, audit: AuditEntry): Promise<void>;

  /** Removes one secret; unconditional; success when it is not there. Refuses with `not_found` for the client. */
  revokeSecret(clientId: ClientId, secretId: SecretId, audit: AuditEntry): Promise<void>;

  /**
   * Notes that a secret was used. Never fails, never waits, never brings back what was deleted, changes no version.
   */
  touchSecret(clientId: ClientId, secretId: SecretId, timeMs: number): void;
}

/** What the ledger says of one token. */
export interface LedgerLook {
  readonly generation: Generation;
  readonly tokenRevoked: boolean;
  readonly ringVersion: RingVersion;
}

/** Which tokens are dead before their time. */
export interface RevocationLedger {
  look(clientId: ClientId, tokenId: TokenId): Promise<LedgerLook>;
  /**
   * Kills one token; remembers it at least until `forgetAtSeconds`. Idempotent, and a repeat writes again. Without an
   * audit entry the act is a client's own and leaves none.
   */
  revokeToken(tokenId: TokenId, forgetAtSeconds: number, audit: AuditEntry | undefined): Promise<void>;
}

/** A signing key at rest. Times in ms since 1970 by the store's clock. */
export interface StoredSigningKey {
  readonly keyId: KeyId;
  /** PASERK `k4.public.…`. */
  readonly publicKey: string;
  /** PASERK `k4.secret-wrap.pie.…`; undefined once it may never sign again. */
  readonly wrappedSecret: string | undefined;
  readonly createTimeMs: number;
  readonly activateTimeMs: number | undefined;
  readonly retireTimeMs: number | undefined;
  readonly removeTimeMs: number | undefined;
  readonly revokeTimeMs: number | undefined;
}

/** A pepper at rest. */
export interface StoredPepper {
  readonly pepperId: string;
  /** PASERK `k4.local-wrap.pie.…`. */
  readonly wrapped: string;
}

/** Everything that is wrapped under the master key, as one record: so re-wrapping is one step. */
export interface StoredKeyRing {
  readonly version: RingVersion;
  /** The `k4.lid` of the master key that wraps it. */
  readonly masterKeyId: string;
  readonly keys: readonly StoredSigningKey[];
  /** The first one is used for new secrets. */
  readonly peppers: readonly StoredPepper[];
}

/** What tells one store from another, and a full one from one that came back empty. */
export interface StoreMarker {
  readonly schemaVersion: number;
  readonly storeId: string;
  readonly issuer: string;
  readonly bootstrapDone: boolean;
}

export interface KeyRingStore {
  /** Undefined marker and ring: the store is blank. One without the other is refused with {@link StoreUnusable}. */
  read(): Promise<{ marker: StoreMarker; ring: StoredKeyRing; storeTimeMs: number } | undefined>;
  /**
   * Founds a blank store with marker and ring in one step. Answers whether this call did it; a store that is not blank
   * is left as it is, so servers that start together end with one ring.
   */
  found(marker: StoreMarker, ring: StoredKeyRing): Promise<boolean>;
  /**
   * From now on every look, here and at the other ports, must be at the store with this id, or refuse with
   * `temporarily_unavailable`: a store that came back empty must not pass for one where nothing is revoked.
   */
  bind(storeId: string): void;
  /**
   * Replaces the ring, if its version is still `ring.version - 1`; answers whether it did. `revoked` enters the ledger
   * in the same step.
   */
  replace(
    ring: StoredKeyRing,
    change: { readonly revoked?: KeyId; readonly audit?: AuditEntry },
  ): Promise<boolean>;
}

/** Signs and checks tokens with the current key ring. */
export interface TokenCodec {
  /** A token over these claims, signed by the key that signs as of `ringVersion`. */
  sign(claims: TokenClaims, ringVersion: RingVersion): Promise<string>;
  /**
   * The token's content if its form, signature and issuer are good, else undefined: never an error for bad input.
   * May answer from memory, so the key has yet to be asked for by {@link KeyRing.trusts}.
   */
  open(token: string): Promise<AuthenticToken | undefined>;
  /** Takes a token apart, at no cost worth guarding. */
  read(token: string): ReadToken;
}

/** A token taken apart. */
export interface ReadToken {
  /** What it says of itself, proven or not; undefined when that cannot be told cheaply. */
  readonly claimed: ClaimedToken | undefined;
  /** What {@link TokenCodec.open} answers: at once from memory, else after a check of the signature. */
  prove(): AuthenticToken | undefined | Promise<AuthenticToken | undefined>;
}

/** A verification key as published. */
export interface PublishedKey {
  readonly keyId: KeyId;
  /** PASERK `k4.public.…`. */
  readonly publicKey: string;
  readonly state: 'published' | 'active' | 'retired' | 'revoked';
}

/** Which keys count, as of a version of the ring. */
export interface KeyRing {
  /** Whether tokens of this key are good as of `ringVersion`: known, and not revoked. */
  trusts(keyId: KeyId, ringVersion: RingVersion): boolean | Promise<boolean>;
  /** The verification keys, revoked ones left out. Asks the store whether it is current. */
  published(): Promise<readonly PublishedKey[]>;
}

/** A fresh key pair, its secret half wrapped for the ring that it is meant for. */
export type MakeSigningKey = () => Pick<StoredSigningKey, 'keyId' | 'publicKey' | 'wrappedSecret'>;

/** The next version of a ring, with what it tells the ledger and the trail; undefined: leave it as it is. */
export type RingChange = (
  ring: StoredKeyRing,
  storeTimeMs: number,
  makeKey: MakeSigningKey,
) => { readonly ring: StoredKeyRing; readonly revoked?: KeyId; readonly audit?: AuditEntry } | undefined;

/** The signing keys as they stood at a time of the store's clock. */
export interface RingSighting {
  readonly keys: readonly StoredSigningKey[];
  readonly storeTimeMs: number;
}

/** The signing keys as an operator sees and changes them. */
export interface SigningKeys {
  /** Asks the store. */
  look(): Promise<RingSighting>;
  /**
   * Applies a change to the ring as the store has it, again and again while others change it; it must be pure. Answers
   * the ring as changed, or as it was where nothing was to be changed.
   */
  change(change: RingChange): Promise<RingSighting>;
}

/** Hashes secrets under a pepper. */
export interface SecretHasher {
  /** The hash to store, under the newest pepper. */
  hash(secret: string): Pick<StoredSecret, 'hash' | 'pepperId'>;
  /**
   * The one of the stored secrets that this is, compared in constant time. Does the same work when there are none, so
   * that an unknown client takes as long as a wrong secret.
   */
  find(secret: string, stored: readonly StoredSecret[]): StoredSecret | undefined;
}

/** Makes client secrets: `cs_`, at least 43 characters of `A-Za-z0-9` (≥ 256 bits), and a checksum. */
export interface SecretGenerator {
  generate(): string;
}

/** A place in the ledger's order. Sequences are dense within an epoch: a gap is a loss. */
export interface FeedPosition {
  /** Changes whenever the store may have lost its tail: a restart or a failover. `[A-Za-z0-9]{1,64}`. */
  readonly epoch: string;
  readonly sequence: number;
}

/** What a follower is told. */
export interface FeedSink {
  /** The next change; its sequence is the last one's plus 1. */
  change(sequence: number, revocation: Revocation): void;
  /**
   * Everything up to the last change told is everything there is, as of this time on {@link Clock.monotonic}, taken
   * before the store was asked.
   */
  confirmed(monotonicMs: number): void;
}

/** The ledger as a feed, read once for each server however many watch it. */
export interface FeedSource {
  /**
   * The live ledger. The position is taken before the first part is read, so that following from it and merging by
   * maximum misses nothing; a part holds at most 1000 entries.
   */
  snapshot(): Promise<{
    readonly position: FeedPosition;
    readonly parts: AsyncIterable<readonly Revocation[]>;
  }>;
  /**
   * Tells the sink every change after `from`, in order and without a gap, and `confirmed` at least every 250 ms while
   * the store answers. Settles only by rejecting: with `FeedBroken` when `from` is too old or of another epoch, or the
   * epoch changed meanwhile; with the abort reason; or with `temporarily_unavailable` when the store is lost.
   */
  follow(from: FeedPosition, sink: FeedSink, signal: AbortSignal): Promise<never>;
  /** Puts back entries that a failover may have lost: merged by maximum, those already there left alone. */
  merge(revocations: readonly Revocation[]): Promise<void>;
}

/** The feed cannot be continued from a position: only a snapshot helps. */
export class FeedBroken extends Error {
  override readonly name = 'FeedBroken';
}

/** Something an operator should know of what the store stands on. */
export interface StoreFinding {
  /** `refuse`: no revocation would be safe on it, so do not serve. */
  readonly severity: 'refuse' | 'warn';
  /** A sentence that holds no secret. */
  readonly message: string;
}

/** An administrative act as the trail has it. */
export interface AuditEvent extends AuditEntry {
  /** Its place in the trail, `[0-9]{1,20}-[0-9]{1,20}`: as text, a later one is greater. */
  readonly eventId: string;
  /** When it took effect, by the store's clock. */
  readonly timeMs: number;
}

/** The trail of administrative acts. It is written by the acts themselves, and capped: the oldest events go first. */
export interface AuditTrail {
  /** Up to `limit` events, newest first, all before `before` where given. An unknown place is no error. */
  list(page: { readonly limit: number; readonly before?: string }): Promise<readonly AuditEvent[]>;
  /**
   * Every event after `after`, in order, or what happens from now on where it is undefined; each within a second of its
   * act while the reader keeps up. Ends only by throwing: the abort reason, or `temporarily_unavailable` when the store
   * is lost.
   */
  follow(after: string | undefined, signal: AbortSignal): AsyncIterable<AuditEvent>;
}

/** How much a store holds. */
export interface StoreCensus {
  readonly clients: number;
  /** Clients, deleted ones included, whose generation is above 0. */
  readonly raisedGenerations: number;
  /** Revoked token ids that are still remembered. */
  readonly revokedTokens: number;
  readonly auditEvents: number;
}

/** Every port that one backend answers, and its life. */
export interface Store {
  readonly clients: ClientStore;
  readonly ledger: RevocationLedger;
  readonly keyRings: KeyRingStore;
  readonly feed: FeedSource;
  readonly audit: AuditTrail;
  readonly throttle: FailureThrottle;
  /** What it holds, for the metrics. */
  census(): Promise<StoreCensus>;
  /** Whether the bound store would answer for sure now: reachable, the right one, and confirmed where that is asked for. */
  ready(): boolean;
  /** Calls the listener whenever {@link ready} has changed. */
  onReadyChange(listener: (ready: boolean) => void): void;
  /** What it stands on, looked at now; nothing to say is an empty list. */
  inspect(): Promise<readonly StoreFinding[]>;
  /** Ends it within a second, whatever hangs. What is still asked for is refused. */
  close(): Promise<void>;
}

/** The store cannot be what it should be: half a store, or not ours. Says in words what an operator has to look at. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
}
