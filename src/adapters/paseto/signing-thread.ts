import { type KeyThread, startKeyThread } from './key-thread.js';
import type { TokenSigner } from './token-signer.js';

const SIGNING_WORKER = new URL('./signing-worker.js', import.meta.url);

export type SigningThread = TokenSigner & Pick<KeyThread, 'close'>;

export interface KeyThreadHooks {
  /** Is told why a thread died that was not closed. */
  readonly onDeath?: (err: Error) => void;
  /** What the thread runs; for tests, which run from sources or want it to die. */
  readonly worker?: URL | undefined;
}

/** Signs on a thread of its own. One is enough: it signs more than grpc-js can take in calls for. */
export function startSigningThread({ onDeath, worker = SIGNING_WORKER }: KeyThreadHooks = {}): SigningThread {
  const thread = startKeyThread({ worker, name: 'signing', onDeath });
  return {
    sign: (payload, { verificationKey: { keyId }, keyObject }) => thread.ask(payload, { keyId, keyObject }),
    close: thread.close,
  };
}
