/** The signing thread: payloads in, tokens out, in the order in which they came. */
import type { KeyObject } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { SEPARATOR, type SigningReply, type SigningTask } from './signing-messages.js';
import { type KeyFooter, keyFooter, signedToken } from './token-text.js';

let current: { readonly keyObject: KeyObject; readonly footer: KeyFooter } | undefined;

function answer({ key, payloads }: SigningTask): SigningReply {
  try {
    if (key !== undefined) current = { keyObject: key.keyObject, footer: keyFooter(key.keyId) };
    if (current === undefined) throw new Error('a task came before any key');
    const { keyObject, footer } = current;
    const tokens = payloads.split(SEPARATOR).map((payload) => signedToken(payload, keyObject, footer));
    return { tokens: tokens.join(SEPARATOR) };
  } catch (failure) {
    return { failure };
  }
}

parentPort?.on('message', (task: SigningTask) => parentPort?.postMessage(answer(task)));
