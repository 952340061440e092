/**
 * The life of a signing key: published → active → retired → removed, or revoked at any point.
 *
 * Every rule is a pure function of the stored ring and the store's time, so servers need no leader: whichever gets
 * there first writes the next ring by compare-and-set, and all others would have written the same. Times are by the
 * store's clock alone; how far servers' own clocks disagree does not matter.
 */
import type { KeyId } from './ids.js';
import type { AuditEntry, MakeSigningKey, PublishedKey, StoredKeyRing, StoredSigningKey } from './ports.js';

export type KeyState = PublishedKey['state'];

/** How long each part of a key's life lasts, in ms. */
export interface KeyPolicy {
  /** How long a key signs before the next one takes over. */
  readonly periodMs: number;
  /** How long a key is published before it signs, so that every verifier has it by then. */
  readonly leadMs: number;
  /** How long a key stays published once it has stopped signing: until the last token it signed has expired. */
  readonly overlapMs: number;
}

/**
 * The key that signs at a time: of those whose time has come, the one that came last; where two came at once, the newer
 * one, which stands later in the ring. Where no time has come, because the signing key was revoked, the next one signs
 * early rather than nobody. Undefined when no key is left that may sign.
 */
export function signerOf(keys: readonly StoredSigningKey[], nowMs: number): StoredSigningKey | undefined {
  const able = keys.filter(maySign).sort(byActivation);
  return able.findLast((key) => activationOf(key) <= nowMs) ?? able[0];
}

export function keyStateOf(
  key: StoredSigningKey,
  keys: readonly StoredSigningKey[],
  nowMs: number,
): KeyState {
  if (key.revokeTimeMs !== undefined) return 'revoked';
  if (key === signerOf(keys, nowMs)) return 'active';
  return maySign(key) && activationOf(key) > nowMs ? 'published' : 'retired';
}

/**
 * The next version of a ring, or undefined while there is nothing to do: a key that has been succeeded is retired and
 * loses its secret half, one whose last token has expired is removed, and a successor is published in time for the
 * end of the period. Revoked keys stay: whoever stole one can make tokens for ever.
 */
export function planRing(
  ring: StoredKeyRing,
  nowMs: number,
  policy: KeyPolicy,
  makeKey: MakeSigningKey,
): StoredKeyRing | undefined {
  const keys = settleKeys(ring.keys, nowMs, policy, makeKey).filter((key) => !isOver(key, nowMs));
  const signer = signerOf(keys, nowMs);
  if (signer !== undefined && successorOf(keys, nowMs) === undefined) {
    const endMs = activationOf(signer) + policy.periodMs;
    if (nowMs >= endMs - policy.leadMs) {
      keys.push(publish(makeKey, nowMs, Math.max(endMs, nowMs + policy.leadMs)));
    }
  }
  const unchanged = keys.length === ring.keys.length && keys.every((key, i) => key === ring.keys[i]);
  return unchanged ? undefined : nextVersion(ring, keys);
}

/**
 * The ring with the change to a new key begun: its successor is published and signs after the lead, or `immediate`,
 * before verifiers had time to fetch it. A successor that is on its way already is that successor.
 */
export function rotateRing(
  ring: StoredKeyRing,
  nowMs: number,
  policy: KeyPolicy,
  makeKey: MakeSigningKey,
  immediate: boolean,
): StoredKeyRing {
  const keys = settleKeys(ring.keys, nowMs, policy, makeKey);
  const signer = signerOf(keys, nowMs);
  const coming = successorOf(keys, nowMs);
  if (coming === undefined) keys.push(publish(makeKey, nowMs, nowMs + (immediate ? 0 : policy.leadMs)));
  if (!immediate) return nextVersion(ring, keys);
  const ended = keys.map((key) => (key === signer ? retire(key, nowMs, policy) : key));
  return nextVersion(ring, settleKeys(ended, nowMs, policy, makeKey));
}

/**
 * The ring with a key revoked and its secret half gone; if it was the one that signs, its successor or a fresh key
 * signs from now on, in the same step. Undefined when the ring does not know the key. Doing it again changes nothing
 * but the version: a repeat is written anew, so that it can be waited for.
 */
export function revokeInRing(
  ring: StoredKeyRing,
  keyId: KeyId,
  nowMs: number,
  policy: KeyPolicy,
  makeKey: MakeSigningKey,
): StoredKeyRing | undefined {
  if (!ring.keys.some((key) => key.keyId === keyId)) return undefined;
  const keys = ring.keys.map((key) =>
    key.keyId === keyId ? { ...key, wrappedSecret: undefined, revokeTimeMs: key.revokeTimeMs ?? nowMs } : key,
  );
  return nextVersion(ring, settleKeys(keys, nowMs, policy, makeKey));
}

/** The audit entry of what time alone brought about. */
export function auditOfPlan(before: StoredKeyRing, after: StoredKeyRing): AuditEntry {
  const ids = (ring: StoredKeyRing, retired: boolean): KeyId[] =>
    ring.keys.filter((key) => !retired || key.retireTimeMs !== undefined).map((key) => key.keyId);
  const missingFrom = (list: KeyId[], others: KeyId[]): KeyId[] => list.filter((id) => !others.includes(id));
  const published = missingFrom(ids(after, false), ids(before, false));
  const retired = missingFrom(ids(after, true), ids(before, true));
  const removed = missingFrom(ids(before, false), ids(after, false));
  return {
    action: 'RotateSigningKey',
    actor: 'schedule',
    target: [...published, ...retired, ...removed][0] ?? '',
    sourceAddress: '',
    requestId: '',
    after: { published, retired, removed },
  };
}

/** The key that will sign next: of those published and not signing yet, the one whose time comes first. */
export const successorOf = (keys: readonly StoredSigningKey[], nowMs: number): StoredSigningKey | undefined =>
  keys.filter((key) => keyStateOf(key, keys, nowMs) === 'published').sort(byActivation)[0];

/** Sees that some key signs now, and that those it has succeeded are retired. */
function settleKeys(
  keys: readonly StoredSigningKey[],
  nowMs: number,
  policy: KeyPolicy,
  makeKey: MakeSigningKey,
): StoredSigningKey[] {
  const signer = signerOf(keys, nowMs);
  if (signer === undefined) return [...keys, publish(makeKey, nowMs, nowMs)];
  // A successor that signs early, for want of another, has its time set to now, for everyone to see.
  const sinceMs = Math.min(activationOf(signer), nowMs);
  return keys.map((key) => {
    if (key === signer) return activationOf(key) === sinceMs ? key : { ...key, activateTimeMs: sinceMs };
    return maySign(key) && activationOf(key) <= nowMs ? retire(key, sinceMs, policy) : key;
  });
}

const retire = (key: StoredSigningKey, sinceMs: number, policy: KeyPolicy): StoredSigningKey => ({
  ...key,
  wrappedSecret: undefined,
  retireTimeMs: sinceMs,
  removeTimeMs: sinceMs + policy.overlapMs,
});

const publish = (makeKey: MakeSigningKey, nowMs: number, activateTimeMs: number): StoredSigningKey => ({
  ...makeKey(),
  createTimeMs: nowMs,
  activateTimeMs,
  retireTimeMs: undefined,
  removeTimeMs: undefined,
  revokeTimeMs: undefined,
});

const nextVersion = (ring: StoredKeyRing, keys: readonly StoredSigningKey[]): StoredKeyRing => ({
  ...ring,
  version: ring.version + 1,
  keys,
});

const maySign = (key: StoredSigningKey): boolean =>
  key.wrappedSecret !== undefined && key.retireTimeMs === undefined && key.revokeTimeMs === undefined;

const isOver = (key: StoredSigningKey, nowMs: number): boolean =>
  key.revokeTimeMs === undefined && key.removeTimeMs !== undefined && key.removeTimeMs <= nowMs;

const activationOf = (key: StoredSigningKey): number => key.activateTimeMs ?? Number.POSITIVE_INFINITY;

const byActivation = (a: StoredSigningKey, b: StoredSigningKey): number => {
  const [first, second] = [activationOf(a), activationOf(b)];
  return first < second ? -1 : first > second ? 1 : 0;
};
