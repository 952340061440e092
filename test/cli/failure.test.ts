import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { EXIT_MEANINGS } from '../../src/cli/exit-code.js';
import { freePort } from '../support/free-port.js';
import { type FakeService, type Refusal, refuse, SILENCE, startFakeService } from './support/fake-service.js';
import { runCli } from './support/run-cli.js';

const CREDENTIAL = { COUNTERSIGN_CLIENT_ID: 'ops', COUNTERSIGN_CLIENT_SECRET: 'x' };

describe('how the command fails', () => {
  let service: FakeService | undefined;
  afterEach(() => service?.stop());

  const refused = async (refusal: Refusal) => {
    service = await startFakeService({
      getClient: () => {
        throw refuse(refusal);
      },
    });
    return runCli(['client', 'get', 'orders'], {
      env: { ...CREDENTIAL, COUNTERSIGN_ADDRESS: service.address },
    });
  };

  const table: readonly (readonly [code: string, status: status, exitCode: number])[] = [
    ['invalid_request', status.INVALID_ARGUMENT, 2],
    ['invalid_client', status.UNAUTHENTICATED, 4],
    ['unauthorized_client', status.PERMISSION_DENIED, 4],
    ['invalid_scope', status.INVALID_ARGUMENT, 1],
    ['invalid_target', status.INVALID_ARGUMENT, 1],
    ['invalid_token', status.UNAUTHENTICATED, 4],
    ['insufficient_scope', status.PERMISSION_DENIED, 4],
    ['not_found', status.NOT_FOUND, 3],
    ['already_exists', status.ALREADY_EXISTS, 6],
    ['conflict', status.ABORTED, 6],
    ['slow_down', status.RESOURCE_EXHAUSTED, 5],
    ['temporarily_unavailable', status.UNAVAILABLE, 5],
    ['internal', status.INTERNAL, 1],
  ];
  for (const [code, grpcStatus, exitCode] of table) {
    it(`${code} is exit status ${exitCode}, and one line with the code and a hint`, async () => {
      const result = await refused({
        status: grpcStatus,
        code,
        message: 'The sentence.',
        retryAfterSeconds: 7,
      });
      expect(result.exitCode).to.equal(exitCode);
      expect(result.stderr).to.match(new RegExp(`^countersign: ${code}: The sentence\\. \\([^\\n]+\\)\\n$`));
      expect(result.stdout).to.equal('');
    });
  }

  it('says how long to wait where the service said so', async () => {
    const { stderr } = await refused({
      status: status.RESOURCE_EXHAUSTED,
      code: 'slow_down',
      retryAfterSeconds: 7,
    });
    expect(stderr).to.contain('(wait 7 s)');
  });

  it('a message that would forge a second line stays one', async () => {
    const { stderr } = await refused({
      status: status.NOT_FOUND,
      code: 'not_found',
      message: 'a\ncountersign: b\u001b[2J',
    });
    expect(stderr).to.match(/^\P{Cc}+\n$/u);
  });

  it('nobody there is exit status 5, at once and in plain words', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { exitCode, stderr } = await runCli(['client', 'list', '--address', address], { env: CREDENTIAL });
    expect(exitCode).to.equal(5);
    expect(stderr).to.match(
      /^countersign: temporarily_unavailable: \S+ cannot be reached: connect ECONNREFUSED/,
    );
  });

  it('no answer within the time limit is exit status 5', async () => {
    service = await startFakeService({ listClients: () => SILENCE });
    const { exitCode, stderr } = await runCli(
      ['client', 'list', '--address', service.address, '--timeout', '1s'],
      {
        env: CREDENTIAL,
      },
    );
    expect(exitCode).to.equal(5);
    expect(stderr).to.contain('gave no answer within 1 s');
  });

  it('a server without this call is told as such', async () => {
    service = await startFakeService({});
    const { exitCode, stderr } = await runCli(['client', 'list', '--address', service.address], {
      env: CREDENTIAL,
    });
    expect(exitCode).to.equal(1);
    expect(stderr).to.contain('is it the gRPC address of a Countersign?');
  });

  it('every --help ends with the exit statuses', async () => {
    for (const args of [
      ['--help'],
      ['client', '--help'],
      ['client', 'create', '--help'],
      ['token', 'inspect', '-h'],
    ]) {
      const { exitCode, stdout } = await runCli(args);
      expect(exitCode).to.equal(0);
      for (const [code, meaning] of Object.entries(EXIT_MEANINGS))
        expect(stdout).to.contain(`${code}  ${meaning}`);
    }
  });

  it('a command that is not one gets exit status 2 and one line', async () => {
    for (const args of [
      ['nope'],
      ['client', 'nope'],
      ['client', 'get'],
      ['client', 'get', 'a', 'b'],
      ['client', 'list', '--x'],
    ]) {
      const { exitCode, stderr } = await runCli(args);
      expect(exitCode, args.join(' ')).to.equal(2);
      expect(stderr).to.match(/^countersign: usage: [^\n]+\n$/);
    }
  });
});
