/** Stands in for a thread for signatures: answers each task with its texts, and dies of one that says so. */
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ texts }) => {
  if (texts === 'die') throw new Error('died as told');
  parentPort.postMessage({ results: texts });
});
