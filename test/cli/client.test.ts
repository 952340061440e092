import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Client, ClientStatus } from '../../src/wire/gen/countersign/v1/client_service.js';
import { type FakeService, refuse, type Script, startFakeService } from './support/fake-service.js';
import { type CliOptions, inFolder, runCli } from './support/run-cli.js';

const SECRET = `cs_${'a'.repeat(49)}`;
const CREDENTIAL = { COUNTERSIGN_CLIENT_ID: 'ops', COUNTERSIGN_CLIENT_SECRET: 'operators-secret' };

const orders = (fields: Partial<Client> = {}): Client => ({
  ...Client.fromPartial({
    clientId: 'orders',
    displayName: 'Order service',
    status: ClientStatus.CLIENT_STATUS_ACTIVE,
    allowedScopes: ['stock:read', 'stock:write'],
    defaultScopes: ['stock:read', 'stock:write'],
    allowedAudiences: ['https://stock.example'],
    createTime: new Date('2026-05-01T08:00:00Z'),
    updateTime: new Date('2026-05-01T09:00:00.250Z'),
    etag: '3-0',
    secrets: [
      { secretId: 's2', createTime: new Date('2026-05-01T09:00:00Z') },
      {
        secretId: 's1',
        createTime: new Date('2026-05-01T08:00:00Z'),
        expireTime: new Date('2026-05-02T09:00:00Z'),
        lastUsedTime: new Date('2026-05-01T08:59:00Z'),
      },
    ],
  }),
  ...fields,
});

const made = { client: orders(), clientSecret: SECRET, secretId: 's2' };

describe('countersign client', () => {
  let service: FakeService | undefined;
  afterEach(() => service?.stop());

  const run = async (script: Script, args: readonly string[], options: CliOptions = {}) => {
    service = await startFakeService(script);
    const env = { ...CREDENTIAL, COUNTERSIGN_ADDRESS: service.address, ...options.env };
    return runCli(['client', ...args], { ...options, env });
  };

  it('sends what create is given, as the client whose credential the environment holds', async () => {
    const { exitCode } = await run({ createClient: () => made }, [
      'create',
      'orders',
      '--name',
      'Order service',
      '--scope',
      'stock:read stock:write',
      '--default-scope',
      'stock:read',
      '--audience',
      'https://stock.example',
      '--token-ttl',
      '10m',
      '--ext',
      '{"team":"sales"}',
      '--label',
      'team=sales',
      '--label',
      'tier=1',
    ]);
    expect(exitCode).to.equal(0);
    const [asked] = service?.asked ?? [];
    expect(asked?.authorization).to.equal(`Basic ${btoa('ops:operators-secret')}`);
    expect(asked?.request.client).to.deep.include({
      clientId: 'orders',
      displayName: 'Order service',
      allowedScopes: ['stock:read', 'stock:write'],
      defaultScopes: ['stock:read'],
      allowedAudiences: ['https://stock.example'],
      tokenTtlSeconds: 600,
      ext: { team: 'sales' },
      labels: { team: 'sales', tier: '1' },
    });
    expect(asked?.request.requestId).to.match(/^[0-9a-f-]{36}$/);
  });

  it('shows a new secret on stdout and says on stderr that it is shown once', async () => {
    const { stdout, stderr } = await run({ createClient: () => made }, ['create', 'orders']);
    expect(stdout).to.match(new RegExp(`^client secret +${SECRET}$`, 'm'));
    expect(stderr).to.equal('The secret is shown this once and never again.\n');
  });

  it('answers one JSON document, and nothing beside it', async () => {
    const { stdout, stderr } = await run({ createClient: () => made }, ['create', 'orders', '--json']);
    expect(JSON.parse(stdout)).to.deep.include({ client_secret: SECRET, secret_id: 's2', secret_file: null });
    expect(JSON.parse(stdout).client).to.deep.include({
      client_id: 'orders',
      status: 'ACTIVE',
      revoke_time: null,
    });
    expect(stderr).to.equal('');
  });

  it('writes a secret to a new file that only its owner may read, and shows it nowhere', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'orders.secret');
      const { exitCode, stdout, stderr } = await run({ createClient: () => made }, [
        'create',
        'orders',
        '--secret-file',
        path,
      ]);
      expect(exitCode).to.equal(0);
      expect(readFileSync(path, 'utf8')).to.equal(`${SECRET}\n`);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect(stdout + stderr).to.not.contain(SECRET);
    }));

  it('never overwrites a file with a secret, and then asks for none', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'taken');
      writeFileSync(path, 'precious');
      const { exitCode, stderr } = await run({ createClient: () => made }, [
        'create',
        'orders',
        '--secret-file',
        path,
      ]);
      expect(exitCode).to.equal(2);
      expect(stderr).to.match(/^countersign: file: .* exists already/);
      expect(readFileSync(path, 'utf8')).to.equal('precious');
      expect(service?.asked).to.deep.equal([]);
    }));

  it('leaves no empty file behind when the secret was refused', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'orders.secret');
      const taken = () => {
        throw refuse({ status: status.ALREADY_EXISTS, code: 'already_exists', message: 'That id is taken.' });
      };
      const { exitCode } = await run({ createClient: taken }, ['create', 'orders', '--secret-file', path]);
      expect(exitCode).to.equal(6);
      expect(existsSync(path)).to.equal(false);
    }));

  it('says how to repeat an act whose outcome is unknown, as the same act', async () => {
    const lost = () => {
      throw refuse({ status: status.UNAVAILABLE, code: 'temporarily_unavailable', message: 'Not for sure.' });
    };
    const { exitCode, stderr } = await run({ rotateClientSecret: lost }, ['rotate-secret', 'orders']);
    expect(exitCode).to.equal(5);
    expect(stderr).to.contain(`--request-id ${service?.asked[0]?.request.requestId}`);
  });

  it('imports a secret from standard input and does not repeat it', async () => {
    const imported = 'x'.repeat(40);
    const { stdout, stderr } = await run(
      { rotateClientSecret: () => ({ ...made, clientSecret: '' }) },
      ['rotate-secret', 'orders', '--imported-secret-file', '-'],
      { stdin: `${imported}\n` },
    );
    expect(service?.asked[0]?.request.importedSecret).to.equal(imported);
    expect(stdout + stderr).to.not.contain(imported);
  });

  it('leaves the old secrets a day unless told otherwise', async () => {
    await run({ rotateClientSecret: () => made }, ['rotate-secret', 'orders']);
    expect(service?.asked[0]?.request).to.deep.include({
      clientId: 'orders',
      overlapSeconds: 86_400,
      revokeTokens: false,
    });
  });

  it('shows with get when each secret was last used', async () => {
    const { stdout } = await run({ getClient: () => ({ client: orders() }) }, ['get', 'orders']);
    expect(stdout).to.match(/^status +ACTIVE$/m);
    expect(stdout).to.match(/^SECRET +CREATED +EXPIRES +LAST USED$/m);
    expect(stdout).to.match(/^s2 +2026-05-01 09:00:00Z +never +never$/m);
    expect(stdout).to.match(/^s1 +2026-05-01 08:00:00Z +2026-05-02 09:00:00Z +2026-05-01 08:59:00Z$/m);
  });

  it('shows when, by whom and why a client was revoked', async () => {
    const revoked = orders({
      status: ClientStatus.CLIENT_STATUS_REVOKED,
      revokeTime: new Date('2026-05-01T10:00:00Z'),
      revokedBy: 'ops',
      revokeReason: 'leaked',
    });
    const { stdout } = await run({ getClient: () => ({ client: revoked }) }, ['get', 'orders']);
    expect(stdout).to.match(/^status +REVOKED$/m);
    expect(stdout).to.match(/^revoked +2026-05-01 10:00:00Z by ops$/m);
    expect(stdout).to.match(/^reason +leaked$/m);
  });

  it('lists every page', async () => {
    const pages: Record<string, object> = {
      '': { clients: [orders({ clientId: 'a' }), orders({ clientId: 'b' })], nextPageToken: 'p2' },
      p2: { clients: [orders({ clientId: 'c' })], nextPageToken: '' },
    };
    const { stdout } = await run({ listClients: ({ pageToken }) => pages[pageToken] }, ['list', '--json']);
    expect(JSON.parse(stdout).clients.map((client: { client_id: string }) => client.client_id)).to.deep.equal(
      ['a', 'b', 'c'],
    );
  });

  it('lets no name act on the terminal', async () => {
    const evil = orders({ displayName: 'x\u001b[2J\u202eevil\nroot' });
    const { stdout } = await run({ listClients: () => ({ clients: [evil], nextPageToken: '' }) }, ['list'], {
      terminal: true,
    });
    expect(stdout).to.contain('x\\u001b[2J\\u202eevil\\u000aroot');
  });

  it('colours on a terminal alone, and not where NO_COLOR is set', async () => {
    const script = { getClient: () => ({ client: orders() }) };
    expect((await run(script, ['get', 'orders'], { terminal: true })).stdout).to.contain('\u001b[32mACTIVE');
    await service?.stop();
    expect((await run(script, ['get', 'orders'])).stdout).to.not.contain('\u001b');
    await service?.stop();
    const quiet = { terminal: true, env: { NO_COLOR: '1' } };
    expect((await run(script, ['get', 'orders'], quiet)).stdout).to.not.contain('\u001b');
    await service?.stop();
    expect((await run(script, ['get', 'orders', '--json'], { terminal: true })).stdout).to.not.contain(
      '\u001b',
    );
  });

  describe('update', () => {
    const script = { getClient: () => ({ client: orders() }), updateClient: () => ({ client: orders() }) };
    const sent = () => service?.asked.find(({ rpc }) => rpc === 'updateClient')?.request;

    it('names in the mask what is given or cleared, and nothing else', async () => {
      await run(script, [
        'update',
        'orders',
        '--name',
        'New',
        '--no-introspection-only',
        '--clear',
        'labels default_scopes',
      ]);
      expect(sent()?.updateMask).to.have.members([
        'display_name',
        'introspection_only',
        'labels',
        'default_scopes',
      ]);
      expect(sent()?.client).to.deep.include({ displayName: 'New', labels: {}, defaultScopes: [], etag: '' });
    });

    it('adds to and takes from a list as it was read, and only if it still is so', async () => {
      await run(script, ['update', 'orders', '--add-scope', 'stock:count', '--remove-scope', 'stock:write']);
      expect(sent()?.updateMask).to.have.members(['allowed_scopes', 'default_scopes']);
      expect(sent()?.client).to.deep.include({
        allowedScopes: ['stock:read', 'stock:count'],
        defaultScopes: ['stock:read'],
        etag: '3-0',
      });
    });

    it('refuses to change nothing, to clear what it sets, and to clear what is no field', async () => {
      for (const args of [
        [],
        ['--name', 'x', '--clear', 'display_name'],
        ['--clear', 'secrets'],
        ['--scope', 'a', '--add-scope', 'b'],
      ]) {
        const { exitCode, stderr } = await run(script, ['update', 'orders', ...args]);
        expect(exitCode, args.join(' ')).to.equal(2);
        expect(stderr).to.match(/^countersign: usage: /);
        expect(sent()).to.equal(undefined);
        await service?.stop();
      }
    });
  });

  describe('what cannot be undone', () => {
    const acts: readonly (readonly string[])[] = [
      ['revoke', 'orders', '--reason', 'leaked'],
      ['revoke-tokens', 'orders'],
      ['revoke-secret', 'orders', 's1'],
      ['rotate-secret', 'orders', '--overlap', '0'],
      ['rotate-secret', 'orders', '--revoke-tokens'],
      ['update', 'orders', '--name', 'x', '--revoke-tokens'],
      ['delete', 'orders'],
    ];
    const script = {
      revokeClient: () => ({ client: orders() }),
      revokeClientTokens: () => ({}),
      revokeClientSecret: () => ({}),
      rotateClientSecret: () => made,
      updateClient: () => ({ client: orders() }),
      deleteClient: () => ({}),
    };

    for (const act of acts) {
      it(`${act.join(' ')} happens with --yes or a yes on the terminal, and not without`, async () => {
        const asked = async (args: readonly string[], options: CliOptions) => {
          const result = await run(script, args, options);
          const count = service?.asked.length;
          await service?.stop();
          return { ...result, count };
        };
        expect(await asked(act, {})).to.deep.include({ exitCode: 2, count: 0, stdout: '' });
        expect(await asked(act, { terminal: true, stdin: 'n\n' })).to.deep.include({ exitCode: 1, count: 0 });
        expect(await asked(act, { terminal: true })).to.deep.include({ exitCode: 1, count: 0 });
        expect(await asked(act, { terminal: true, stdin: 'y\n' })).to.deep.include({ exitCode: 0, count: 1 });
        expect(await asked([...act, '--yes'], {})).to.deep.include({ exitCode: 0, count: 1 });
      });
    }

    it('reinstating can be undone, and is not asked about', async () => {
      const { exitCode } = await run({ reinstateClient: () => ({ client: orders() }) }, [
        'reinstate',
        'orders',
      ]);
      expect(exitCode).to.equal(0);
    });
  });
});
