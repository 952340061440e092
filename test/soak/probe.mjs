/**
 * Loaded into a server under test by `--import`: on SIGUSR2 it collects garbage and writes what the process then holds
 * to the file named by COUNTERSIGN_SOAK_PROBE, as JSON. Only from inside can be told what memory is really in use, and
 * how many timers are set, most of which keep no process alive and so appear nowhere.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const file = process.env.COUNTERSIGN_SOAK_PROBE;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const timers = new Set();
const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
globalThis.setTimeout = Object.assign((run, delayMs, ...args) => {
  const timer = setTimeout(() => {
    timers.delete(timer);
    run(...args);
  }, delayMs);
  timers.add(timer);
  return timer;
}, setTimeout);
globalThis.setInterval = (...args) => {
  const timer = setInterval(...args);
  timers.add(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => {
  timers.delete(timer);
  clearTimeout(timer);
};
globalThis.clearInterval = (timer) => {
  timers.delete(timer);
  clearInterval(timer);
};

process.on('SIGUSR2', async () => {
  // The second collects what the finalizers of the first have let go.
  for (let round = 0; round < 2; round += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  writeFileSync(`${file}.part`, JSON.stringify({ rss, heapUsed, external, timers: timers.size }));
  renameSync(`${file}.part`, file);
});
