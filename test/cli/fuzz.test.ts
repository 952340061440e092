import { expect } from 'chai';
import fc from 'fast-check';
import { EXIT_MEANINGS } from '../../src/cli/exit-code.js';
import { freePort } from '../support/free-port.js';
import { runCli } from './support/run-cli.js';

const WORDS = [
  'client',
  'create',
  'get',
  'list',
  'update',
  'rotate-secret',
  'revoke-secret',
  'revoke',
  'reinstate',
  'revoke-tokens',
  'delete',
  'token',
  'issue',
  'introspect',
  'revoke-by-id',
  'inspect',
  'keys',
  'rotate',
  'generate-master',
  'watch',
  'audit',
  'tail',
  'completion',
  'bash',
  'zsh',
  'fish',
  '--json',
  '--yes',
  '-y',
  '--name',
  '--scope',
  '--audience',
  '--label',
  'a=b',
  '--ext',
  '{}',
  '@/dev/null',
  '--overlap',
  '24h',
  '0',
  '--ttl',
  '-1',
  '--limit',
  '--clear',
  'labels',
  '--etag',
  '--cursor',
  '--ledger',
  '--client-id',
  '--client-secret-file',
  '--access-token-file',
  '/dev/null',
  '-',
  '--',
  '--profile',
  '--timeout',
  '1s',
  '--plaintext',
  '--ca-file',
  '--server-name',
  '--key',
  '--help',
  '-V',
  '-n',
  '--no-json',
];

/** Real commands, so that most lines get as far as their options. */
const COMMANDS = [
  [],
  ['client', 'create'],
  ['client', 'update', 'x'],
  ['client', 'rotate-secret', 'x'],
  ['client', 'list'],
  ['token', 'issue'],
  ['token', 'introspect'],
  ['token', 'inspect'],
  ['keys', 'revoke', 'x'],
  ['watch'],
  ['audit', 'tail'],
  ['completion'],
];

const word = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...WORDS) },
  fc.string({ unit: 'binary', maxLength: 20 }),
);

describe('any command line at all', () => {
  let address: string;
  before(async () => {
    address = `127.0.0.1:${await freePort()}`;
  });

  it('ends with an exit status of the table and never with a stack', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...COMMANDS),
        fc.array(word, { maxLength: 8 }),
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.boolean(),
        async (command, rest, stdin, terminal) => {
          const args = [...command, ...rest];
          const env = {
            COUNTERSIGN_ADDRESS: address,
            COUNTERSIGN_CLIENT_ID: 'ops',
            COUNTERSIGN_CLIENT_SECRET: 'x',
          };
          const { exitCode, stderr } = await runCli(args, { env, stdin, terminal });
          expect(EXIT_MEANINGS).to.have.property(String(exitCode));
          expect(stderr).to.not.match(/\n\s+at |Error:|internal:/);
          if (exitCode !== 0) expect(stderr).to.not.equal('');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
