import type { Store } from '../../src/domain/ports.js';
import { keyRing, storeMarker } from '../support/records.js';

/** One store with nothing in it but its marker and ring, as two servers see it. Memory has but one: itself. */
export interface Bench {
  readonly store: Store;
  /** Another server on the same store. */
  readonly peer: Store;
}

/** Opens stores on one fresh, blank backend: at every call of `open` another server on it. */
export interface Backend {
  open(): Promise<Store>;
  /** Closes every store that was opened, and forgets the backend. */
  close(): Promise<void>;
}

export type MakeBackend = () => Promise<Backend>;

/** A suite that holds for every backend. */
export type Contract = (backend: MakeBackend) => void;

/** Registers hooks that give each test a founded store of its own; ask for it inside of tests only. */
export function benchFor(makeBackend: MakeBackend): () => Bench {
  let backend: Backend | undefined;
  let bench: Bench | undefined;

  beforeEach(async () => {
    backend = await makeBackend();
    const store = await backend.open();
    const peer = await backend.open();
    await store.keyRings.found(storeMarker(), keyRing());
    store.keyRings.bind('store-1');
    peer.keyRings.bind('store-1');
    bench = { store, peer };
  });
  afterEach(async () => {
    await backend?.close();
  });

  return () => {
    if (bench === undefined) throw new Error('there is a bench only inside of a test');
    return bench;
  };
}
