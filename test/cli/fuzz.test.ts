import { expect } from 'chai';
import fc from 'fast-check';
import { EXIT_MEANINGS } from '../../src/cli/exit-code.js';
import { Client } from '../../src/wire/gen/countersign/v1/client_service.js';
import { freePort } from '../support/free-port.js';
import { startFakeService } from './support/fake-service.js';
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
  'admin',
  'recover',
  'doctor',
  'import',
  'rewrap',
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

describe('whatever a service answers', () => {
  it('is shown without acting on the terminal', async function () {
    this.timeout(60_000);
    const text = fc.string({ unit: 'binary', maxLength: 30 }).map((raw) => raw.toWellFormed());
    const answers = fc.record({
      clientId: text,
      displayName: text,
      status: fc.integer({ min: 0, max: 9 }),
      revokeTime: fc.option(fc.date({ noInvalidDate: true }), { nil: undefined }),
      revokedBy: text,
      allowedScopes: fc.array(text),
      labels: fc.dictionary(text, text),
      secrets: fc.array(
        fc.record({
          secretId: text,
          expireTime: fc.option(fc.date({ noInvalidDate: true }), { nil: undefined }),
        }),
      ),
      etag: text,
    });
    let answer: Client = Client.fromPartial({});
    const service = await startFakeService({
      getClient: () => ({ client: answer }),
      listClients: () => ({ clients: [answer, answer], nextPageToken: '' }),
    });
    const env = {
      COUNTERSIGN_ADDRESS: service.address,
      COUNTERSIGN_CLIENT_ID: 'ops',
      COUNTERSIGN_CLIENT_SECRET: 'x',
      NO_COLOR: '1',
    };
    try {
      await fc.assert(
        fc.asyncProperty(answers, fc.constantFrom(['get', 'x'], ['list']), async (fields, args) => {
          answer = Client.fromPartial(fields);
          const { exitCode, stdout, stderr } = await runCli(['client', ...args], { env, terminal: true });
          expect({ exitCode, stderr }).to.deep.equal({ exitCode: 0, stderr: '' });
          expect(stdout.replaceAll('\n', '')).to.not.match(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
          const json = await runCli(['client', ...args, '--json'], { env });
          expect(() => JSON.parse(json.stdout)).to.not.throw();
        }),
        { numRuns: 100 },
      );
    } finally {
      await service.stop();
    }
  });
});
