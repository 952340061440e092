/** The checking thread: tokens in, and for each whether the key signed it. */
import { NOT_SIGNED, SIGNED } from './checking-words.js';
import { serveTasks } from './key-thread-worker.js';
import { isSignedBySync, parsePublicToken } from './public-token.js';

serveTasks((key) => (token) => {
  const parsed = parsePublicToken(token);
  return parsed !== undefined && isSignedBySync(parsed, key) ? SIGNED : NOT_SIGNED;
});
