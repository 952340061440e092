/**
 * Whether it can be told from the time of an answer if a client exists: asks with an unknown id and with a wrong secret,
 * in random order and from ever new addresses, so that no throttle gets in the way. Prints the
 * difference of medians with the interval in which it lies 99 times of 100; ends with status 1 if that leaves out 0 by
 * more than a tenth of a millisecond.
 *
 * Usage: npm run timing [rounds] (4000 by default, about a minute)
 */
import { Agent } from 'node:http';
import { basic, postForm } from './callers.js';
import { conclude, openStage, registerClient } from './stage.js';

const ROUNDS = Number(process.argv[2] ?? 4000);
const ROUNDS_OF_AN_ADDRESS = 4;
const RESAMPLES = 1000;
const MOST_MS = 0.1;

const WRONG = `cs_${'A'.repeat(49)}`;

const stage = await openStage();
try {
  const server = await stage.server({ COUNTERSIGN_LOG_CALLS_PER_SECOND: '1' });
  await registerClient(server.grpc, 'worker');
  const ask = (id: string, agent: Agent) =>
    postForm(
      `${server.http}/oauth/token`,
      { grant_type: 'client_credentials' },
      { auth: basic(id, WRONG), agent },
    );

  const times: Record<'unknown' | 'known', number[]> = { unknown: [], known: [] };
  let address = 0;
  let agent = new Agent();
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % ROUNDS_OF_AN_ADDRESS === 0) {
      agent.destroy();
      address += 1;
      const localAddress = `127.${1 + (address >> 16)}.${(address >> 8) & 255}.${1 + (address % 250)}`;
      agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress });
      await ask('warm-up', agent);
    }
    const order = Math.random() < 0.5 ? (['unknown', 'known'] as const) : (['known', 'unknown'] as const);
    for (const kind of order) {
      const id = kind === 'known' ? 'worker' : `worke${'abcdefghij'[round % 10]}`;
      const start = performance.now();
      const { outcome } = await ask(id, agent);
      times[kind].push(performance.now() - start);
      if (outcome !== '401 invalid_client') throw new Error(`an answer was ${outcome}`);
    }
  }
  agent.destroy();

  const differences = Array.from(
    { length: RESAMPLES },
    () => medianOf(resample(times.known)) - medianOf(resample(times.unknown)),
  ).sort((a, b) => a - b);
  const [low = 0, high = 0] = [
    differences[Math.floor(RESAMPLES * 0.005)],
    differences[Math.floor(RESAMPLES * 0.995)],
  ];
  console.log(`wrong secret: median ${medianOf(times.known).toFixed(3)} ms`);
  console.log(`unknown client: median ${medianOf(times.unknown).toFixed(3)} ms`);
  console.log(
    `difference of medians, 99 of 100: ${(low * 1000).toFixed(0)} to ${(high * 1000).toFixed(0)} µs`,
  );
  conclude(low < MOST_MS && high > -MOST_MS, 'the time of an answer does not tell whether a client exists');
} finally {
  await stage.close();
}

function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? 0;
}

function resample(values: readonly number[]): number[] {
  return values.map(() => values[Math.floor(Math.random() * values.length)] ?? 0);
}
