import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FeedSource } from '../../domain/ports.js';
import type { Revocation } from '../../domain/revocation.js';
import { revokedKeysOf, withRevokedKey } from '../../domain/stored-key-ring.js';
import type { MemoryState } from './memory-state.js';

const PART = 1000;
const CONFIRM_EVERY_MS = 100;

/** The ledger as a feed, from memory: told as it happens, so always confirmed. */
export function makeMemoryFeedSource(state: MemoryState): FeedSource {
  return {
    async snapshot() {
      state.requireAnswers();
      return { position: state.history.position, parts: partsOf(liveLedger(state)) };
    },

    follow(from, sink, signal) {
      return new Promise<never>((_, reject) => {
        signal.throwIfAborted();
        state.requireAnswers();
        const stop = state.history.follow(from, sink, (why) => end(why));
        const confirm = (): void => {
          try {
            state.requireAnswers();
            sink.confirmed(state.clock.monotonic());
          } catch (error) {
            end(error);
          }
        };
        const timer = setInterval(confirm, CONFIRM_EVERY_MS);
        const onAbort = (): void => end(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        const end = (why: unknown): void => {
          clearInterval(timer);
          signal.removeEventListener('abort', onAbort);
          stop();
          reject(why);
        };
        confirm();
      });
    },

    async merge(revocations) {
      state.requireAnswers();
      for (const revocation of revocations) mergeOne(state, revocation);
    },
  };
}

function mergeOne(state: MemoryState, revocation: Revocation): void {
  switch (revocation.kind) {
    case 'client': {
      const { generation, mark } = state.standingOf(revocation.clientId);
      if (revocation.generation > generation) {
        state.setGeneration(revocation.clientId, revocation.generation, mark);
      }
      return;
    }
    case 'token': {
      if (revocation.forgetAtSeconds > (state.revokedTokens.get(revocation.tokenId) ?? 0)) {
        state.revokedTokens.set(revocation.tokenId, revocation.forgetAtSeconds);
        state.tell(revocation);
      }
      return;
    }
    case 'key': {
      const merged = state.ring && withRevokedKey(state.ring, revocation.keyId, state.clock.now());
      if (merged !== undefined) {
        state.ring = merged;
        state.tell(revocation);
      }
    }
  }
}

function* liveLedger(state: MemoryState): Iterable<Revocation> {
  for (const [clientId, { generation }] of state.standings) yield { kind: 'client', clientId, generation };
  for (const [tokenId, forgetAtSeconds] of state.revokedTokens) {
    yield { kind: 'token', tokenId, forgetAtSeconds };
  }
  if (state.ring) for (const keyId of revokedKeysOf(state.ring)) yield { kind: 'key', keyId };
}

/** The entries in parts of bounded size. What is added while they are read may or may not be among them. */
async function* partsOf(entries: Iterable<Revocation>): AsyncIterable<readonly Revocation[]> {
  let part: Revocation[] = [];
  for (const entry of entries) {
    part.push(entry);
    if (part.length === PART) {
      yield part;
      part = [];
      // Whoever takes the parts may do so without a pause; a large ledger must not hold up everybody else.
      await nextTurn();
    }
  }
  if (part.length > 0) yield part;
}
