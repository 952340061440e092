import { readFileSync } from 'node:fs';
import { startRedis } from '../../../test/support/redis.js';
import { issueRate } from '../calls.js';
import { type Findings, figure, verdict } from '../figures.js';
import { CLIENT_ID, type OurServer, registerClient, startOurServer } from '../our-server.js';
import { cpuSeconds } from '../processes.js';
import { measure, median, ratiosOf } from '../rounds.js';
import { type Stage, withThings } from '../stage.js';

/** The same load on one process and on two that share the ports. */
export const workers = (stage: Stage): Promise<Findings> =>
  withThings(async (add) => {
    const redis = await add(startRedis());
    const servers: [string, OurServer][] = [
      ['1 worker', await add(startOurServer(redis.url, { COUNTERSIGN_KEY_PREFIX: 'one' }))],
      [
        '2 workers',
        await add(startOurServer(redis.url, { COUNTERSIGN_KEY_PREFIX: 'two', COUNTERSIGN_WORKERS: '2' })),
      ],
    ];
    const n = stage.count(15_000, 600);
    const cpu = new Map<string, number[]>(servers.map(([name]) => [name, []]));
    const cases = await Promise.all(
      servers.map(async ([name, server]) => {
        const secret = await registerClient(server, CLIENT_ID);
        return {
          name,
          run: async () => {
            const before = familySeconds(server.pid);
            const rate = await issueRate(server, secret, n);
            cpu.get(name)?.push(((familySeconds(server.pid) - before) / n) * 1e6);
            return rate;
          },
        };
      }),
    );
    const rates = await measure(cases, stage.rounds, stage.progress);
    const cpuOf = (name: string): number => median(cpu.get(name) ?? []);
    return {
      figures: [
        ...[...rates].map(([name, values]) => figure(`${name}, IssueToken on Redis`, 'tokens/s', values)),
        ...[...cpu].map(([name, values]) =>
          figure(`${name}, CPU time of a token, all threads`, 'µs', values),
        ),
      ],
      verdicts: [
        verdict('2 workers ÷ 1 worker', '×', ratiosOf(rates, '2 workers', '1 worker'), ['at least', 1.7]),
        verdict(
          'CPU time of a token, 2 workers ÷ 1 worker',
          '×',
          [cpuOf('2 workers') / cpuOf('1 worker')],
          ['at most', 1.1],
        ),
      ],
      notes: [
        'On two cores the load generator, Redis and the thread pool leave a second worker no core of its own, so that what counts here is the CPU time of a token.',
      ],
    };
  });

/** Processor time of a process and those it started, in seconds. */
function familySeconds(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean);
  return [pid, ...children.map(Number)].reduce((sum, one) => sum + cpuSeconds(one), 0);
}
