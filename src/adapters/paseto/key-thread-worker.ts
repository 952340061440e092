/** The other side of a key thread: tasks in, replies out, in the order in which they came. */
import { parentPort } from 'node:worker_threads';
import { SEPARATOR, type ThreadKey, type ThreadReply, type ThreadTask } from './key-thread-messages.js';

/** Serves what this thread is asked for: `workWith` once for each key, and what it returns for each text. */
export function serveTasks(workWith: (key: ThreadKey) => (text: string) => string): void {
  let work: ((text: string) => string) | undefined;

  const answer = ({ key, texts }: ThreadTask): ThreadReply => {
    try {
      if (key !== undefined) work = workWith(key);
      if (work === undefined) throw new Error('a task came before any key');
      return { results: texts.split(SEPARATOR).map(work).join(SEPARATOR) };
    } catch (failure) {
      return { failure };
    }
  };

  parentPort?.on('message', (task: ThreadTask) => parentPort?.postMessage(answer(task)));
}
