import { generateKeyPairSync, sign, verify as verifyBare } from 'node:crypto';
import { createVerifier, type Verifier } from '../../../src/sdk/verifier.js';
import { startRedis } from '../../../test/support/redis.js';
import { type Findings, figure, verdict } from '../figures.js';
import {
  ADMIN,
  AUDIENCE,
  CLIENT_ID,
  ISSUER,
  issueTokens,
  registerClient,
  startOurServer,
} from '../our-server.js';
import { measure, ratiosOf } from '../rounds.js';
import { type Stage, withThings } from '../stage.js';

/** How many signatures are being checked at once; more than the thread pool has threads. */
const AT_ONCE = 32;

/** A verifier in this process, following a real server: tokens that it knows, and tokens that it never saw. */
export const verify = (stage: Stage): Promise<Findings> =>
  withThings(async (add) => {
    const redis = await add(startRedis());
    const server = await add(startOurServer(redis.url));
    const secret = await registerClient(server, CLIENT_ID);
    const verifier = await startVerifier(server.ports.grpc);
    const [known = ''] = await issueTokens(server, CLIENT_ID, secret, 1);
    await verifier.verify(known);

    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const message = Buffer.alloc(480, 'm');
    const signature = sign(null, message, privateKey);
    const bare = (): Promise<boolean> =>
      new Promise((resolve, reject) =>
        verifyBare(null, message, publicKey, signature, (err, good) => (err ? reject(err) : resolve(good))),
      );

    const warmCount = stage.count(1_000_000, 20_000);
    const coldCount = stage.count(4_000, 200);
    const rates = await measure(
      [
        {
          name: 'warm, check()',
          run: () =>
            inPieces(warmCount, (count) => {
              for (let i = 0; i < count; i += 1) {
                if (verifier.check(known) === undefined)
                  throw new Error('a known token was not accepted at once');
              }
            }),
        },
        {
          name: 'warm, await verify()',
          run: () =>
            inPieces(warmCount, async (count) => {
              for (let i = 0; i < count; i += 1) await verifier.verify(known);
            }),
        },
        {
          name: 'cold, bare crypto.verify',
          run: async () => {
            const started = performance.now();
            await eachOf(Array.from({ length: coldCount }, () => bare));
            return perSecond(coldCount, started);
          },
        },
        {
          name: 'cold, verify()',
          run: async () => {
            const tokens = await issueTokens(server, CLIENT_ID, secret, coldCount);
            const before = verifier.metrics().accepted.cold;
            const started = performance.now();
            await eachOf(tokens.map((token) => () => verifier.verify(token)));
            const rate = perSecond(coldCount, started);
            if (verifier.metrics().accepted.cold - before !== coldCount) throw new Error('not all were cold');
            return rate;
          },
        },
      ],
      stage.rounds,
      stage.progress,
    );
    verifier.close();
    return {
      figures: [...rates].map(([name, values]) => figure(name, 'tokens/s', values)),
      verdicts: [
        verdict('Warm verify, one core', '/s', rates.get('warm, await verify()') ?? [], [
          'at least',
          500_000,
        ]),
        verdict(
          'Cold verify ÷ bare crypto.verify',
          '×',
          ratiosOf(rates, 'cold, verify()', 'cold, bare crypto.verify'),
          ['at least', 0.85, 0.95],
        ),
      ],
      notes: [`Cold: ${AT_ONCE} at once, on the thread pool, both.`],
    };
  });

async function startVerifier(port: number): Promise<Verifier> {
  const verifier = createVerifier({
    address: `127.0.0.1:${port}`,
    issuer: ISSUER,
    audience: AUDIENCE,
    credential: { clientId: ADMIN.id, clientSecret: ADMIN.secret },
    cacheBytes: 256 * 1024 * 1024,
  });
  await verifier.ready(10_000);
  return verifier;
}

/** So many a second; between pieces, the verifier gets to hear of the feed, without which it would not be fresh. */
async function inPieces(total: number, run: (count: number) => void | Promise<void>): Promise<number> {
  const piece = total / 20;
  let spentMs = 0;
  for (let done = 0; done < total; done += piece) {
    const started = performance.now();
    await run(piece);
    spentMs += performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return (total / spentMs) * 1000;
}

async function eachOf(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let task = tasks[next]; task !== undefined; task = tasks[next]) {
      next += 1;
      await task();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const perSecond = (count: number, startedMs: number): number =>
  (count / (performance.now() - startedMs)) * 1000;
