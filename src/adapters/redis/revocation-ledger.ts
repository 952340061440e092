import type { Clock, RevocationLedger } from '../../domain/ports.js';
import type { Keys } from './keys.js';
import type { LookBatcher } from './look-batcher.js';
import type { RunChange } from './scripts.js';

/** How many tokens whose time is over each revocation of a token forgets at most. */
const PRUNED_PER_REVOCATION = 100;

/** The ledger of revoked tokens, in Redis. */
export function makeRedisRevocationLedger(room: {
  readonly keys: Keys;
  readonly looks: LookBatcher;
  readonly change: RunChange;
  readonly clock: Clock;
}): RevocationLedger {
  const { keys, looks, change, clock } = room;
  return {
    look: (clientId, tokenId) => looks.token(clientId, tokenId),
    async revokeToken(tokenId, forgetAtSeconds, audit) {
      await change('revoke-token', {
        keys: [keys.revoked],
        args: [tokenId, Math.ceil(forgetAtSeconds), PRUNED_PER_REVOCATION, Math.floor(clock.now() / 1000)],
        audit,
      });
    },
  };
}
