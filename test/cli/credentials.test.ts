import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type FakeService, startFakeService } from './support/fake-service.js';
import { inFolder, runCli } from './support/run-cli.js';

const basic = (id: string, secret: string): string => `Basic ${btoa(`${id}:${secret}`)}`;

describe('whom the command calls, and as whom', () => {
  let service: FakeService;
  before(async () => {
    service = await startFakeService({ listClients: () => ({ clients: [], nextPageToken: '' }) });
  });
  after(() => service.stop());
  beforeEach(() => {
    service.asked.length = 0;
  });

  const list = async (
    args: readonly string[],
    env: Record<string, string>,
    more: { stdin?: string; homeFolder?: string } = {},
  ) => {
    const result = await runCli(['client', 'list', ...args], { env, ...more });
    return { ...result, authorization: service.asked[0]?.authorization };
  };

  /** A home folder with this profile file in it. */
  const withProfiles = <T>(
    profiles: unknown,
    mode: number,
    use: (folder: string) => Promise<T>,
  ): Promise<T> =>
    inFolder(async (folder) => {
      const file = join(folder, '.config', 'countersign', 'profiles.json');
      mkdirSync(join(folder, '.config', 'countersign'), { recursive: true });
      writeFileSync(file, typeof profiles === 'string' ? profiles : JSON.stringify(profiles));
      chmodSync(file, mode);
      return use(folder);
    });

  it('reads the secret from a file, a line end left out', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'secret');
      writeFileSync(file, 'from-a-file\n');
      const env = { COUNTERSIGN_ADDRESS: service.address, COUNTERSIGN_CLIENT_ID: 'ops' };
      const byEnvironment = await list([], { ...env, COUNTERSIGN_CLIENT_SECRET_FILE: file });
      expect(byEnvironment.authorization).to.equal(basic('ops', 'from-a-file'));
      const byOption = await list(['--client-secret-file', file], env);
      expect(byOption.authorization).to.equal(basic('ops', 'from-a-file'));
    }));

  it('reads the secret from standard input', async () => {
    const args = ['--address', service.address, '--client-id', 'ops', '--client-secret-file', '-'];
    expect((await list(args, {}, { stdin: 'piped\n' })).authorization).to.equal(basic('ops', 'piped'));
  });

  it('calls with an access token where one is given', async () => {
    const env = { COUNTERSIGN_ADDRESS: service.address, COUNTERSIGN_ACCESS_TOKEN: 'v4.public.abc' };
    expect((await list([], env)).authorization).to.equal('Bearer v4.public.abc');
  });

  it('encodes id and secret inside Basic as RFC 6749 section 2.3.1 has it', async () => {
    const env = {
      COUNTERSIGN_ADDRESS: service.address,
      COUNTERSIGN_CLIENT_ID: 'ops',
      COUNTERSIGN_CLIENT_SECRET: 'a:b%+c',
    };
    expect((await list([], env)).authorization).to.equal(basic('ops', 'a%3Ab%25%2Bc'));
  });

  it('never sends one client’s secret under the name of another', async () => {
    const env = {
      COUNTERSIGN_ADDRESS: service.address,
      COUNTERSIGN_CLIENT_ID: 'ops',
      COUNTERSIGN_CLIENT_SECRET: 'x',
    };
    const { exitCode, stderr, authorization } = await list(['--client-id', 'orders'], env);
    expect(exitCode).to.equal(2);
    expect(stderr).to.match(/^countersign: settings: The secret of client orders is missing/);
    expect(authorization).to.equal(undefined);
  });

  it('refuses two credentials rather than choosing one', async () => {
    const env = { COUNTERSIGN_ADDRESS: service.address, COUNTERSIGN_CLIENT_ID: 'ops' };
    const doubles = [
      { COUNTERSIGN_CLIENT_SECRET: 'x', COUNTERSIGN_CLIENT_SECRET_FILE: '/y' },
      { COUNTERSIGN_CLIENT_SECRET: 'x', COUNTERSIGN_ACCESS_TOKEN: 'v4.public.abc' },
    ];
    for (const double of doubles) {
      const { exitCode, authorization } = await list([], { ...env, ...double });
      expect({ exitCode, authorization }).to.deep.equal({ exitCode: 2, authorization: undefined });
    }
  });

  it('neither takes a secret as an argument nor repeats it', async () => {
    const secret = `cs_${'Z'.repeat(49)}`;
    const attempts = [
      ['client', 'list', '--client-secret-file', secret],
      ['token', 'introspect', `v4.public.${'A'.repeat(200)}`],
      ['token', 'inspect', 'v4.public.A'],
      ['client', 'create', 'x', '--imported-secret-file', secret],
      [secret],
      ['client', 'list', `--client-secret=${secret}`],
    ];
    for (const args of attempts) {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect(exitCode, args[1]).to.equal(2);
      expect(stdout + stderr).to.not.match(/ZZZZ|AAAA|public\.A/);
      expect(stderr.split('\n')).to.have.length(2);
    }
  });

  describe('profiles', () => {
    const profiles = (address: string) => ({
      default: 'test',
      profiles: {
        test: { address, client_id: 'ops', client_secret: 'of-test' },
        prod: { address, client_id: 'ops', client_secret_file: 'prod.secret', timeout: '3s' },
      },
    });

    it('the default one is used when nothing else is said', () =>
      withProfiles(profiles(service.address), 0o600, async (homeFolder) => {
        expect((await list([], {}, { homeFolder })).authorization).to.equal(basic('ops', 'of-test'));
      }));

    it('a named one wins over the environment, and its files count from its own folder', () =>
      withProfiles(profiles(service.address), 0o600, async (homeFolder) => {
        writeFileSync(join(homeFolder, '.config', 'countersign', 'prod.secret'), 'of-prod\n');
        const env = {
          COUNTERSIGN_CLIENT_ID: 'other',
          COUNTERSIGN_CLIENT_SECRET: 'x',
          COUNTERSIGN_ADDRESS: '127.0.0.1:1',
        };
        const { authorization } = await list(['--profile', 'prod'], env, { homeFolder });
        expect(authorization).to.equal(basic('ops', 'of-prod'));
        const byVariable = await list([], { COUNTERSIGN_PROFILE: 'prod' }, { homeFolder });
        expect(byVariable.authorization).to.equal(basic('ops', 'of-prod'));
      }));

    it('the default one gives its credential to no other address', () =>
      withProfiles(profiles('auth.example:50051'), 0o600, async (homeFolder) => {
        const { exitCode, stderr, authorization } = await list(
          ['--address', service.address],
          {},
          { homeFolder },
        );
        expect(exitCode).to.equal(2);
        expect(stderr).to.contain('No credential is given');
        expect(authorization).to.equal(undefined);
      }));

    for (const mode of [0o640, 0o604, 0o660, 0o602, 0o777]) {
      it(`a file of mode ${mode.toString(8)} is refused, with what to do`, () =>
        withProfiles(profiles(service.address), mode, async (homeFolder) => {
          const { exitCode, stderr } = await list([], {}, { homeFolder });
          expect(exitCode).to.equal(2);
          expect(stderr).to.match(/^countersign: settings: .*others.* \(chmod 600 .*profiles\.json\)\n$/);
        }));
    }

    for (const [what, content] of [
      ['no JSON', '{'],
      ['no profiles', { default: 'x' }],
      ['an unknown setting', { profiles: { x: { adress: 'y' } } }],
      ['a setting that is no text', { profiles: { x: { address: ['y'] } } }],
      ['a default that is not there', { default: 'x', profiles: {} }],
    ] as const) {
      it(`a file with ${what} is refused in one line`, () =>
        withProfiles(content, 0o600, async (homeFolder) => {
          const { exitCode, stderr } = await list([], {}, { homeFolder });
          expect(exitCode).to.equal(2);
          expect(stderr).to.match(/^countersign: settings: The profile file [^\n]*\n$/);
        }));
    }

    it('an unknown name is refused, with those there are', () =>
      withProfiles(profiles(service.address), 0o600, async (homeFolder) => {
        const { stderr } = await list(['--profile', 'nope'], {}, { homeFolder });
        expect(stderr).to.contain('has: test, prod');
      }));
  });
});
