import type { UseCase } from './call.js';
import type { KeyRing, PublishedKey } from './ports.js';

export interface VerificationKeys {
  readonly keys: readonly PublishedKey[];
  /** How long the answer may be kept, in seconds. */
  readonly refreshAfterSeconds: number;
}

export type ListVerificationKeys = UseCase<Record<never, never>, VerificationKeys>;

/** The public keys, as the store has them now. */
export const makeListVerificationKeys =
  (ports: { keys: KeyRing; refreshAfterSeconds: number }): ListVerificationKeys =>
  async () => ({ keys: await ports.keys.published(), refreshAfterSeconds: ports.refreshAfterSeconds });
