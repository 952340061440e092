import { type KeyThread, type KeyThreadHooks, startKeyThread } from './key-thread.js';
import type { TokenSigner } from './token-signer.js';

const SIGNING_WORKER = new URL('./signing-worker.js', import.meta.url);

export type SigningThread = TokenSigner & Pick<KeyThread, 'close'>;

/** Signs on a thread of its own. One is enough: it signs more than grpc-js can take in calls for. */
export function startSigningThread({ onDeath, worker = SIGNING_WORKER }: KeyThreadHooks = {}): SigningThread {
  const thread = startKeyThread({ worker, name: 'signing', onDeath });
  return {
    sign: (payload, { verificationKey: { keyId }, keyObject }) => thread.ask(payload, { keyId, keyObject }),
    close: thread.close,
  };
}
