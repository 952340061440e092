import type { KeyRingStore } from '../../domain/ports.js';
import type { MemoryState } from './memory-state.js';

/** Marker and key ring, in memory: made anew by every process that starts. */
export function makeMemoryKeyRingStore(state: MemoryState): KeyRingStore {
  return {
    async read() {
      state.requireAnswers();
      const { marker, ring } = state;
      return marker && ring && { marker, ring, storeTimeMs: state.clock.now() };
    },

    async found(marker, ring) {
      state.requireAnswers();
      if (state.marker !== undefined) return false;
      state.marker = marker;
      state.ring = ring;
      return true;
    },

    bind(storeId) {
      state.boundTo = storeId;
    },

    async replace(ring, { revoked, audit }) {
      state.requireAnswers();
      if (state.ring?.version !== ring.version - 1) return false;
      state.ring = ring;
      if (revoked !== undefined) state.tell({ kind: 'key', keyId: revoked });
      state.record(audit);
      return true;
    },
  };
}
