/** Stands in for a thread for signatures that never answers. */
import { parentPort } from 'node:worker_threads';

parentPort.on('message', () => undefined);
