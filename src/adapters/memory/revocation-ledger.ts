import type { RevocationLedger } from '../../domain/ports.js';
import type { MemoryState } from './memory-state.js';

/** How many remembered tokens each revocation looks at, to forget those whose time has come. */
const SWEPT_PER_REVOCATION = 100;

/** The ledger, in memory. Forgets in bounded steps, so that no revocation waits for a long sweep. */
export function makeMemoryRevocationLedger(state: MemoryState): RevocationLedger {
  let sweep = state.revokedTokens.entries();

  const forgetSome = (): void => {
    const nowSeconds = state.clock.now() / 1000;
    for (let looked = 0; looked < SWEPT_PER_REVOCATION; looked += 1) {
      const next = sweep.next();
      if (next.done) {
        sweep = state.revokedTokens.entries();
        return;
      }
      const [tokenId, forgetAtSeconds] = next.value;
      if (forgetAtSeconds < nowSeconds) state.revokedTokens.delete(tokenId);
    }
  };

  return {
    async look(clientId, tokenId) {
      state.requireAnswers();
      return {
        generation: state.standingOf(clientId).generation,
        tokenRevoked: state.revokedTokens.has(tokenId),
        ringVersion: state.ringVersion,
      };
    },

    async revokeToken(tokenId, forgetAtSeconds, audit) {
      state.requireAnswers();
      const until = Math.max(forgetAtSeconds, state.revokedTokens.get(tokenId) ?? 0);
      state.revokedTokens.set(tokenId, until);
      state.tell({ kind: 'token', tokenId, forgetAtSeconds: until });
      state.record(audit);
      forgetSome();
    },
  };
}
