/** The signing thread: payloads in, tokens out. */
import { serveTasks } from './key-thread-worker.js';
import { keyFooter, signedToken } from './token-text.js';

serveTasks(({ keyId, keyObject }) => {
  const footer = keyFooter(keyId);
  return (payload) => signedToken(payload, keyObject, footer);
});
