import type { Clock, Store } from '../../domain/ports.js';
import { makeLocalThrottle } from '../throttle/local-throttle.js';
import { makeMemoryClientStore } from './client-store.js';
import { makeMemoryFeedSource } from './feed-source.js';
import { makeMemoryKeyRingStore } from './key-ring-store.js';
import { MemoryState } from './memory-state.js';
import { makeMemoryRevocationLedger } from './revocation-ledger.js';

/**
 * The embedded store: the same promises as the Redis one, kept for as long as the process lives and no longer.
 *
 * Every act runs to its end without yielding, so each is one atomic step by construction. What it does not do is
 * remember: it suits a first try, a single server that may forget, and tests.
 */
export function createMemoryStore({ clock }: { readonly clock: Clock }): Store {
  const state = new MemoryState(clock);
  const listeners: ((ready: boolean) => void)[] = [];
  let closed = false;

  return {
    clients: makeMemoryClientStore(state),
    ledger: makeMemoryRevocationLedger(state),
    keyRings: makeMemoryKeyRingStore(state),
    feed: makeMemoryFeedSource(state),
    audit: state.audit,
    throttle: makeLocalThrottle({ clock }),
    census: async () => {
      state.requireAnswers();
      return {
        clients: state.records.size,
        raisedGenerations: state.standings.size,
        revokedTokens: state.revokedTokens.size,
        auditEvents: state.audit.size,
      };
    },
    ready: () => state.answers(),
    onReadyChange: (listener) => void listeners.push(listener),
    inspect: async () => [],
    close: async () => {
      if (closed) return;
      closed = true;
      const wasReady = state.answers();
      state.close();
      if (wasReady) for (const listener of listeners) listener(false);
    },
  };
}
