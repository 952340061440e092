import { startRedis } from '../../../test/support/redis.js';
import { issueRate } from '../calls.js';
import { type Findings, figure, verdict } from '../figures.js';
import { CLIENT_ID, registerClient, startOurServer } from '../our-server.js';
import { residentMb } from '../processes.js';
import { anew } from '../rounds.js';
import { type Stage, withThings } from '../stage.js';

/** A million tokens from one server, and what it takes of memory. */
export const long = (stage: Stage): Promise<Findings> =>
  withThings(async (add) => {
    const redis = await add(startRedis());
    const server = await add(startOurServer(redis.url));
    const secret = await registerClient(server, CLIENT_ID);
    const total = stage.count(1_000_000, 4_000);
    const step = total / 20;
    const residentAfter: number[] = [];
    const rates: number[] = [];
    for (let done = step; done <= total; done += step) {
      const run = () => issueRate(server, secret, step);
      rates.push(await anew({ name: `${done} tokens`, run }, stage.progress));
      residentAfter.push(residentMb(server.pid));
      stage.progress(`${done} tokens, ${Math.round(residentMb(server.pid))} MB`);
    }
    const early = residentAfter[1] ?? Number.NaN;
    const end = residentAfter.at(-1) ?? Number.NaN;
    return {
      figures: [
        figure('issue rate over the run', 'tokens/s', rates),
        figure(`resident memory after ${total / 10} tokens`, 'MB', [early]),
      ],
      verdicts: [
        verdict(`Resident memory after ${total} tokens`, 'MB', [end], ['at most', 200]),
        verdict(
          `Resident memory after ${total} tokens ÷ after ${total / 10}`,
          '×',
          [end / early],
          ['at most', 1.1],
        ),
      ],
    };
  });
