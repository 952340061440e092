import type { GuardedUseCase } from './call.js';
import type { KeyPolicy } from './key-life.js';
import type { SigningKeys } from './ports.js';
import { type SigningKey, signingKeysOf } from './signing-key.js';

export type ListSigningKeys = GuardedUseCase<Record<never, never>, readonly SigningKey[]>;

/** Every key that still matters, newest first, as the store has them now. */
export const makeListSigningKeys =
  (ports: { signingKeys: SigningKeys; keyPolicy: KeyPolicy }): ListSigningKeys =>
  async () =>
    signingKeysOf(await ports.signingKeys.look(), ports.keyPolicy);
