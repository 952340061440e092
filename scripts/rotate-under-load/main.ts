/**
 * Signing keys turn over every few seconds under load, on three built servers with one Redis, one of them stopped
 * (SIGSTOP) across changes of key. Fails unless no good token was refused, and none was signed by a key that had not
 * been published for its lead or was retired already. Ends with an emergency: the active key is revoked.
 *
 * Usage: npm run rotate-under-load [-- --seconds 60 --skew-seconds 0]
 */
import { parseArgs } from 'node:util';
import { KeyServiceService } from '../../src/wire/gen/countersign/v1/key_service.js';
import { revokeActiveKey } from './emergency.js';
import { anyOf, type FleetServer, startFleet } from './fleet.js';
import { KeyHistory } from './key-history.js';
import { pause, startLoad } from './load.js';
import { report, type Stop } from './report.js';

/** Once for less than servers trust what they know of the ring, and once for more. */
const STOPS_MS = [3500, 8000];

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    // How far the servers' clocks are off, by libfaketime.
    'skew-seconds': { type: 'string', default: '0' },
  },
});
const seconds = Number(values.seconds);
if (!(seconds >= 10)) throw new Error('--seconds must be a number from 10 on');

async function stopFor({ process }: FleetServer, ms: number): Promise<Stop> {
  const fromMs = Date.now();
  process.signal('SIGSTOP');
  await pause(ms);
  process.signal('SIGCONT');
  return { fromMs, toMs: Date.now() };
}

/** An operator beside the schedule, who honours the lead. */
async function rotateNowAndThen(servers: readonly FleetServer[], untilMs: number): Promise<void> {
  while (Date.now() < untilMs) {
    await anyOf(servers).asking.call(KeyServiceService.rotateSigningKey, { immediate: false });
    await pause(4000 + Math.random() * 2000);
  }
}

const fleet = await startFleet(3, Number(values['skew-seconds']));
try {
  const [stoppable, ...others] = fleet.servers.toReversed();
  if (stoppable === undefined) throw new Error('there is no server');
  const history = new KeyHistory(fleet.servers.map(({ asking }) => asking));
  await history.start();
  const fromMs = Date.now();
  const untilMs = fromMs + seconds * 1000;
  const load = startLoad(fleet);
  const rotations = rotateNowAndThen(others, untilMs - 5000);
  const stops: Stop[] = [];
  for (const ms of seconds < 30 ? STOPS_MS.slice(0, 1) : STOPS_MS) {
    await pause(seconds * 200);
    stops.push(await stopFor(stoppable, ms));
  }
  await pause(untilMs - Date.now());
  await Promise.all([rotations, load.stop()]);
  await history.stop();
  const held = report(load.tally, history, stops, { fromMs, toMs: Date.now() });
  const heldInEmergency = await revokeActiveKey(fleet);
  console.log(held && heldInEmergency ? 'rotate-under-load: all of it held' : 'rotate-under-load: FAILED');
  if (!held || !heldInEmergency) process.exitCode = 1;
} finally {
  await fleet.close();
}
