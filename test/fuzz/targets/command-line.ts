import { EXIT_MEANINGS } from '../../../src/cli/exit-code.js';
import { runCli } from '../../cli/support/run-cli.js';
import { freePort } from '../../support/free-port.js';
import { mutate } from '../mutate.js';
import type { FuzzRoom, Target } from '../target.js';

const COMMANDS = [
  'client create x --name a --scope b --audience c --label d=e --ext {} --ttl 1h',
  'client update x --clear labels --etag 1-0',
  'client rotate-secret x --overlap 24h --yes',
  'client list --limit 5 --json',
  'token issue --scope a --audience b',
  'token introspect -',
  'token inspect v4.public.AAAA.BBBB',
  'keys revoke x --yes',
  'audit tail --limit 3',
  'watch --cursor a:1',
  'completion bash',
];

/** Command lines: each ends with a status of the table, in words and without a stack. */
export const commandLineTarget: Target = { name: 'command lines', share: 1, run };

async function run(room: FuzzRoom): Promise<void> {
  const address = `127.0.0.1:${await freePort()}`;
  const env = { COUNTERSIGN_ADDRESS: address, COUNTERSIGN_CLIENT_ID: 'ops', COUNTERSIGN_CLIENT_SECRET: 'x' };
  const seeds = COMMANDS.map((line) => Buffer.from(line));
  for (let sent = 0; sent < room.inputs; sent += 1) {
    const line = mutate(
      room.random.pick(seeds),
      room.random.pick(seeds),
      ['--json', '-y', '--', '-', '--help', '@/dev/null', '='],
      room.random,
    );
    const args = line.toString('utf8').split(' ');
    const start = performance.now();
    const { exitCode, stderr } = await runCli(args, {
      env,
      stdin: line.toString('latin1'),
      terminal: room.random.below(2) === 0,
    });
    room.answered(performance.now() - start);
    if (!Object.hasOwn(EXIT_MEANINGS, String(exitCode))) room.found(`it ended with ${exitCode}`, line);
    if (/\n\s+at |Error:|internal:/.test(stderr)) room.found('it ended with a stack', line);
    if (exitCode !== 0 && stderr === '') room.found('it failed without a word', line);
  }
}
