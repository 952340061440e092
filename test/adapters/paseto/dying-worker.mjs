/** Stands in for the signing thread: answers each task with its payloads, and dies of one that says so. */
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ payloads }) => {
  if (payloads === 'die') throw new Error('died as told');
  parentPort.postMessage({ tokens: payloads });
});
