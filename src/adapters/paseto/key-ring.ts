/**
 * The keys of one issuer: founded once, shared by every server on the store, changed by compare-and-set, unwrapped in
 * memory only. Knows nothing of tokens or clients, and no server is its leader.
 */
import type { KeyObject } from 'node:crypto';
import { temporarilyUnavailable } from '../../domain/errors.js';
import type { KeyId } from '../../domain/ids.js';
import { auditOfPlan, type KeyPolicy, keyStateOf, planRing, signerOf } from '../../domain/key-life.js';
import type {
  AuditEntry,
  Clock,
  KeyRing,
  KeyRingStore,
  RingVersion,
  SigningKeys,
} from '../../domain/ports.js';
import { readOrFound } from './founding.js';
import { LiveRing } from './live-ring.js';
import type { SecretKey } from './paserk.js';
import { type MasterKeys, type RingContent, rewrapped } from './ring-content.js';
import type { CodecKeys } from './token-codec.js';
import { startUpkeep } from './upkeep.js';

export interface KeyRingOptions {
  readonly store: KeyRingStore;
  readonly masterKeys: MasterKeys;
  /** Byte for byte as in every token; the store's own must be the same. */
  readonly issuer: string;
  readonly clock: Clock;
  readonly policy: KeyPolicy;
  /** How often the ring is read and its life moved on, in ms. Undefined: only when told to. */
  readonly maintainEveryMs?: number;
  /** How old knowledge of the ring may be, in ms; 5 s unless told. Must be above `maintainEveryMs`. */
  readonly maxAgeMs?: number;
  /** Hears why the upkeep failed; it is tried again anyway. */
  readonly onMaintenanceError?: (err: unknown) => void;
}

/** A pepper, ready for HMAC. */
export interface Pepper {
  readonly pepperId: string;
  readonly key: KeyObject;
}

/** An open key ring, in all its parts. */
export interface OpenKeyRing extends KeyRing, CodecKeys, SigningKeys {
  readonly storeId: string;
  /**
   * The store's time, in whole ms since 1970: the one clock that all servers on a store share. Right within a round
   * trip.
   */
  now(): number;
  /** The pepper for new secrets. Fails with `temporarily_unavailable`. */
  newestPepper(): Pepper;
  /** The pepper by this id; undefined when the ring has none such. Fails with `temporarily_unavailable`. */
  pepper(pepperId: string): KeyObject | undefined;
  /** Whether the ring as last read can be used: false once it is under a master key that is not held here. */
  ready(): boolean;
  onReadyChange(listener: (ready: boolean, cause?: unknown) => void): void;
  /** Reads the ring and moves its keys on in their lives, where it is time. */
  maintain(): Promise<void>;
  /** Wraps everything anew under the current master key; answers false when it is under that one already. */
  rewrap(audit: AuditEntry): Promise<boolean>;
  /** Ends the upkeep. */
  close(): void;
}

const DEFAULT_MAX_AGE_MS = 5000;

/**
 * Opens the ring of a store, founding a blank one, and binds the store to its id. Fails with `StoreUnusable`, in words
 * for an operator, when schema, issuer or master key is not the store's.
 */
export async function openKeyRing(options: KeyRingOptions): Promise<OpenKeyRing> {
  const { store, masterKeys, issuer, clock, policy } = options;
  const found = await readOrFound(store, { issuer, master: masterKeys.current, clock });
  const { storeId } = found.marker;
  const maxAgeMs = options.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
  const live = new LiveRing({ store, storeId, masterKeys, clock, maxAgeMs }, found);
  store.bind(storeId);

  const signer = (content: RingContent): SecretKey | undefined => {
    const stored = signerOf(content.stored.keys, live.storeNowMs());
    return stored && content.secretKeys.get(stored.keyId);
  };

  async function maintain(): Promise<void> {
    await live.change((ring, nowMs, makeKey) => {
      const planned = planRing(ring, nowMs, policy, makeKey);
      return planned && { ring: planned, audit: auditOfPlan(ring, planned) };
    });
  }

  async function signerAnew(ringVersion: RingVersion): Promise<SecretKey> {
    const key = signer(await live.asOf(ringVersion));
    if (key !== undefined) return key;
    // The only key was revoked and this server is the first to notice.
    await maintain();
    const fresh = signer(live.latest());
    if (fresh === undefined) throw temporarilyUnavailable(new Error('There is no key to sign with.'));
    return fresh;
  }

  const isTrusted = (keyId: KeyId, { verificationKeys }: RingContent): boolean =>
    verificationKeys.has(keyId) && !live.hasRevoked(keyId);

  return {
    storeId,
    now: () => live.storeNowMs(),

    signingKey(ringVersion) {
      const held = live.heldAt(ringVersion);
      return (held && signer(held)) ?? signerAnew(ringVersion);
    },

    async verificationKey(keyId) {
      const known = live.latest().verificationKeys.get(keyId);
      return known ?? (await live.reload()).verificationKeys.get(keyId);
    },

    trusts(keyId, ringVersion) {
      const held = live.heldAt(ringVersion);
      return held ? isTrusted(keyId, held) : live.asOf(ringVersion).then((ring) => isTrusted(keyId, ring));
    },

    async published() {
      const { keys } = (await live.reload()).stored;
      const nowMs = live.storeNowMs();
      return keys
        .map((key) => ({ keyId: key.keyId, publicKey: key.publicKey, state: keyStateOf(key, keys, nowMs) }))
        .filter(({ keyId, state }) => state !== 'revoked' && !live.hasRevoked(keyId));
    },

    async look() {
      const { keys } = (await live.reload()).stored;
      return { keys, storeTimeMs: live.storeNowMs() };
    },

    async change(change) {
      const { ring, storeTimeMs } = await live.change(change);
      return { keys: ring.keys, storeTimeMs };
    },

    newestPepper() {
      const [newest] = live.latest().peppers;
      if (newest === undefined) throw temporarilyUnavailable(new Error('The ring has no pepper.'));
      return { pepperId: newest[0], key: newest[1].keyObject };
    },
    pepper: (pepperId) => live.latest().peppers.get(pepperId)?.keyObject,

    ready: () => live.ready(),
    onReadyChange: (listener) => live.onReadyChange(listener),
    maintain,

    async rewrap(audit) {
      let wrapped = false;
      await live.change((ring) => {
        wrapped = ring.masterKeyId !== masterKeys.current.keyId;
        return wrapped ? { ring: rewrapped(live.latest(), masterKeys.current), audit } : undefined;
      });
      return wrapped;
    },

    close:
      options.maintainEveryMs === undefined
        ? () => {}
        : startUpkeep(maintain, options.maintainEveryMs, options.onMaintenanceError ?? (() => {})),
  };
}
