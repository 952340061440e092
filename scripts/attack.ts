/**
 * An attacker at full speed guesses the secret of one client, which goes on working meanwhile: first from another
 * address, then from the very same one. Beside that it makes up client ids, and sends forged tokens. Prints what both
 * got, and what it cost in memory and Redis; ends with status 1 if the client was refused once, or if memory grew.
 *
 * Usage: npm run attack [seconds] (30 by default)
 */
import { Agent } from 'node:http';
import { Redis } from 'ioredis';
import { type Answer, basic, callUntil, postForm, Tally } from './callers.js';
import { conclude, openStage, pause, registerClient, residentMb } from './stage.js';

const SECONDS = Number(process.argv[2] ?? 30);
const GUESSERS = 24;
const CLIENT_PAUSE_MS = 100;
const OTHER_ADDRESS = '127.0.0.2';
const OWN_ADDRESS = '127.0.0.3';
/** An address has one small hash at the most, whatever it makes up. */
const MOST_KEYS = 2;
const MOST_MB = 60;

const stage = await openStage();
const redis = new Redis({ host: stage.redis.host, port: stage.redis.port });
try {
  const server = await stage.server({ COUNTERSIGN_LOG_CALLS_PER_SECOND: '10' });
  const secret = await registerClient(server.grpc, 'worker');
  const token = `${server.http}/oauth/token`;
  const grant = { grant_type: 'client_credentials' };

  const work = (signal: AbortSignal, tally: Tally): Promise<void> => {
    const agent = new Agent({ keepAlive: true, localAddress: OWN_ADDRESS });
    return callUntil(signal, tally, CLIENT_PAUSE_MS, () =>
      postForm(token, grant, { auth: basic('worker', secret), agent }),
    ).finally(() => agent.destroy());
  };
  const guess = (signal: AbortSignal, tally: Tally, localAddress: string): Promise<void>[] =>
    Array.from({ length: GUESSERS }, (_, index) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress });
      let count = 0;
      const attempts: readonly (() => Promise<Answer>)[] = [
        () => postForm(token, grant, { auth: basic('worker', `guess-${index}-${count}`), agent }),
        () => postForm(token, grant, { auth: basic(`made-up-${index}-${count}`, secret), agent }),
        () =>
          postForm(
            `${server.http}/oauth/introspect`,
            { token: 'x' },
            { auth: `Bearer forged-${count}`, agent },
          ),
      ];
      return callUntil(signal, tally, 0, () => {
        count += 1;
        // Mostly at the one client, which is the harder to hold.
        return (attempts[count % 4] ?? (attempts[0] as () => Promise<Answer>))();
      }).finally(() => agent.destroy());
    });
  const keysOf = async (): Promise<{ readonly all: number; readonly failures: number }> => ({
    all: await redis.dbsize(),
    failures: (await redis.keys('*:failures:*')).length,
  });
  const during = async (seconds: number, start: (signal: AbortSignal) => Promise<void>[]): Promise<void> => {
    const done = new AbortController();
    const callers = start(done.signal);
    await pause(seconds * 1000);
    done.abort();
    await Promise.all(callers);
  };

  const calm = new Tally();
  await during(3, (signal) => [work(signal, calm)]);
  console.log(`the client alone: ${calm}`);

  let refused = 0;
  let keys = 0;
  let grownMb = 0;
  for (const [where, address] of [
    ['another address', OTHER_ADDRESS],
    ['the same address', OWN_ADDRESS],
  ] as const) {
    const attacker = new Tally();
    const client = new Tally();
    const { pid } = server.process();
    // What a busy server needs in any case is there after the first second of it.
    const first = new Tally();
    await during(1, (signal) => guess(signal, first, address));
    const before = { mb: residentMb(pid), keys: await keysOf() };
    await during(SECONDS / 2, (signal) => [...guess(signal, attacker, address), work(signal, client)]);
    const after = { mb: residentMb(pid), keys: await keysOf() };

    const perSecond = Math.round(attacker.count / (SECONDS / 2));
    console.log(`\nattacker from ${where}, first second: ${first}`);
    console.log(`and from then on, ${perSecond} guesses a second: ${attacker}`);
    console.log(`the client beside it: ${client}`);
    console.log(
      `server memory ${before.mb.toFixed(0)} → ${after.mb.toFixed(0)} MB, ` +
        `Redis keys ${before.keys.all} → ${after.keys.all}, of them counters ${after.keys.failures}`,
    );
    if (attacker.outcomes.has('OK')) conclude(false, 'a guess got through');
    refused += client.failed;
    keys = Math.max(keys, after.keys.failures);
    grownMb = Math.max(grownMb, after.mb - before.mb);
  }
  console.log('');
  conclude(refused === 0, `${refused} calls of the client refused`);
  conclude(keys <= MOST_KEYS, `${keys} counters in Redis at the most`);
  conclude(grownMb < MOST_MB, `server memory grew by ${grownMb.toFixed(0)} MB at the most`);
} finally {
  redis.disconnect();
  await stage.close();
}
