import type { KeyId } from './ids.js';
import { type KeyPolicy, type KeyState, keyStateOf, successorOf } from './key-life.js';
import type { RingSighting, StoredSigningKey } from './ports.js';

/** A signing key as operators see it: without its secret half, its planned times included. In ms since 1970. */
export interface SigningKey {
  readonly keyId: KeyId;
  /** PASERK `k4.public.…`. */
  readonly publicKey: string;
  readonly state: KeyState;
  readonly createTimeMs: number;
  readonly activateTimeMs: number | undefined;
  readonly retireTimeMs: number | undefined;
  readonly removeTimeMs: number | undefined;
  readonly revokeTimeMs: number | undefined;
}

/** Every key of a sighting, newest first. A key whose successor is published already has an end that is planned. */
export function signingKeysOf({ keys, storeTimeMs }: RingSighting, policy: KeyPolicy): readonly SigningKey[] {
  const endMs = successorOf(keys, storeTimeMs)?.activateTimeMs;
  return keys
    .map((key) => {
      const state = keyStateOf(key, keys, storeTimeMs);
      return describe(key, state, state === 'active' ? endMs : undefined, policy);
    })
    .reverse();
}

function describe(
  key: StoredSigningKey,
  state: KeyState,
  plannedEndMs: number | undefined,
  policy: KeyPolicy,
): SigningKey {
  const { keyId, publicKey, createTimeMs, activateTimeMs, revokeTimeMs } = key;
  const retireTimeMs = key.retireTimeMs ?? plannedEndMs;
  const removeTimeMs = key.removeTimeMs ?? (retireTimeMs && retireTimeMs + policy.overlapMs);
  return { keyId, publicKey, state, createTimeMs, activateTimeMs, retireTimeMs, removeTimeMs, revokeTimeMs };
}
