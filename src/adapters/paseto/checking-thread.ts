import { availableParallelism } from 'node:os';
import { SIGNED } from './checking-words.js';
import { type KeyThread, type KeyThreadHooks, startKeyThread } from './key-thread.js';
import { isSignedBy } from './public-token.js';
import type { TokenChecker } from './token-checker.js';

const CHECKING_WORKER = new URL('./checking-worker.js', import.meta.url);
/** With more than so many before it, a token is checked sooner on the thread pool, if that has a processor. */
const MOST_WAITING = 32;
/** This thread's and the checking one's: with no more than that, the pool has none. */
const PROCESSORS_TAKEN = 2;

export type CheckingThread = TokenChecker & Pick<KeyThread, 'close'>;

/**
 * Checks signatures on a thread of its own, which costs the main thread the least; and what one thread cannot do, some
 * 9 000 a second, on the thread pool.
 */
export function startCheckingThread({
  onDeath,
  worker = CHECKING_WORKER,
  processors = availableParallelism(),
}: KeyThreadHooks & { readonly processors?: number } = {}): CheckingThread {
  const thread = startKeyThread({ worker, name: 'checking', onDeath });
  const mostWaiting = processors > PROCESSORS_TAKEN ? MOST_WAITING : Number.POSITIVE_INFINITY;
  return {
    async isSigned(token, parsed, key) {
      if (parsed.keyId !== key.keyId) return false;
      if (thread.waiting >= mostWaiting) return isSignedBy(parsed, key);
      return (await thread.ask(token, key)) === SIGNED;
    },
    close: thread.close,
  };
}
