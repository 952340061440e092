/**
 * How long a revocation takes from the answer of RevokeClient to every watcher of the feed, and what a watcher costs.
 * Many hear of it before the caller has its answer; how long it takes from the request shows what that hides.
 *
 * Usage: npm run bench:feed [-- --watchers 1,100,1000] [--revocations 100]
 * Starts a Redis and the built server of its own for each row; fails when a target is missed.
 */
import { parseArgs } from 'node:util';
import { measureFeed, type Spread } from './feed-latency.js';

const { values } = parseArgs({
  options: {
    watchers: { type: 'string', default: '1,100,1000' },
    revocations: { type: 'string', default: '100' },
  },
});

/** The 99th percentile that a row has to keep, in ms. */
const targetMs = (watchers: number): number => (watchers === 1 ? 25 : 250);
const MOST_KIB = 64;
/** With fewer watchers, what else the server allocates meanwhile is laid to them. */
const KIB_COUNTS_FROM = 1000;
const inMs = ({ p50, p99, worst }: Spread): string =>
  [p50, p99, worst].map((ms) => ms.toFixed(1).padStart(7)).join(' ');

console.log('          after the answer, ms     after the request, ms');
console.log('watchers     p50     p99   worst      p50     p99   worst   KiB a watcher   Redis readers');
let missed = 0;
for (const watchers of values.watchers.split(',').map(Number)) {
  const row = await measureFeed(watchers, Number(values.revocations));
  const isGood =
    row.afterAnswer.p99 <= targetMs(watchers) &&
    row.readers === 1 &&
    (watchers < KIB_COUNTS_FROM || row.kib <= MOST_KIB);
  if (!isGood) missed += 1;
  const kib = watchers < KIB_COUNTS_FROM ? '–' : row.kib.toFixed(1);
  console.log(
    `${String(watchers).padStart(8)} ${inMs(row.afterAnswer)}  ${inMs(row.afterRequest)}` +
      `${kib.padStart(16)}${String(row.readers).padStart(16)}${isGood ? '' : '   missed'}`,
  );
}
console.log(
  `Targets: p99 after the answer ≤ 25 ms with 1 watcher, ≤ 250 ms with more; ≤ ${MOST_KIB} KiB a watcher; 1 reader.`,
);
process.exit(missed === 0 ? 0 : 1);
