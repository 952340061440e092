import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeSecretKey, paserkFromSecretKey } from '../../src/adapters/paseto/paserk.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { freshPrefix, sharedRedis } from '../support/redis.js';
import { freshMasterKey, type RealService, redisSettings, startRealService } from './support/real-service.js';
import { inFolder, runCli } from './support/run-cli.js';

describe('what the command does with the store and the master key', () => {
  let service: RealService;
  const run = (args: readonly string[], changes: Record<string, string> = {}, stdin?: string) =>
    runCli(args, { env: { ...service.settings, ...changes }, ...(stdin === undefined ? {} : { stdin }) });
  const asAdministrator = (args: readonly string[], changes: Record<string, string> = {}) =>
    runCli([...args, '--json'], { env: { ...service.asAdministrator, ...changes } });
  const canList = async (id: string, secret: string): Promise<boolean> => {
    const credential = { COUNTERSIGN_CLIENT_ID: id, COUNTERSIGN_CLIENT_SECRET: secret };
    return (await asAdministrator(['client', 'list'], credential)).exitCode === 0;
  };

  beforeEach(async () => {
    const { url } = await sharedRedis();
    service = await startRealService(redisSettings(url, freshPrefix()));
  });
  afterEach(() => service.stop());

  describe('admin recover', () => {
    const recover = async (as = 'ops') => {
      const result = await run(['admin', 'recover', '--as', as, '--yes', '--json']);
      return {
        ...result,
        secret: result.exitCode === 0 ? String(JSON.parse(result.stdout).client_secret) : '',
      };
    };

    it('makes an administrator beside a running server', async () => {
      const { secret } = await recover('rescue');
      expect(await canList('rescue', secret)).to.equal(true);
    });

    it('gives a lost administrator a fresh secret, and ends the old one', async () => {
      const { secret } = await recover();
      expect(await canList('ops', secret)).to.equal(true);
      const { exitCode, stderr } = await asAdministrator(['client', 'list']);
      expect(exitCode).to.equal(4);
      expect(stderr).to.match(/^countersign: invalid_client: /);
    });

    it('brings back one that was deleted, and one that was revoked', async () => {
      await asAdministrator(['client', 'revoke', 'ops', '--yes']);
      expect(await canList('ops', (await recover()).secret)).to.equal(true);
      const { secret } = await recover('rescue');
      const asRescue = { COUNTERSIGN_CLIENT_ID: 'rescue', COUNTERSIGN_CLIENT_SECRET: secret };
      await asAdministrator(['client', 'delete', 'ops', '--yes'], asRescue);
      expect(await canList('ops', (await recover()).secret)).to.equal(true);
    });

    it('leaves its name in the audit', async () => {
      const { secret } = await recover();
      const { stdout } = await asAdministrator(['audit', 'list'], { COUNTERSIGN_CLIENT_SECRET: secret });
      expect(JSON.parse(stdout).events[0]).to.deep.include({
        actor: 'recover',
        target: 'ops',
        action: 'RotateClientSecret',
      });
      expect(stdout).to.not.contain(secret);
    });

    it('turns no other client into an administrator', async () => {
      await asAdministrator(['client', 'create', 'orders', '--audience', 'https://stock.example']);
      const { exitCode, stderr } = await recover('orders');
      expect(exitCode).to.equal(6);
      expect(stderr).to.match(/^countersign: conflict: /);
    });

    it('writes the secret to a 0600 file instead, and none where it is refused', () =>
      inFolder(async (folder) => {
        const path = join(folder, 'ops.secret');
        const { stdout, stderr } = await run(['admin', 'recover', '--yes', '--secret-file', path]);
        const secret = readFileSync(path, 'utf8').trimEnd();
        expect(stdout + stderr).to.not.contain(secret);
        expect(await canList('admin', secret)).to.equal(true);
      }));

    it('needs a yes, the right store, and the right master key', async () => {
      expect((await run(['admin', 'recover'])).exitCode).to.equal(2);
      const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
        [{ COUNTERSIGN_STORE: 'memory:' }, /in the memory of its server/],
        [{ COUNTERSIGN_KEY_PREFIX: freshPrefix() }, /The store is blank/],
        [{ COUNTERSIGN_MASTER_KEY: freshMasterKey() }, /under the master key k4\.lid/],
        [{ COUNTERSIGN_ISSUER: 'https://other.example' }, /belongs to the issuer https:\/\/auth\.example/],
        [{ COUNTERSIGN_MASTER_KEY: '' }, /COUNTERSIGN_MASTER_KEY is missing/],
      ];
      for (const [changes, said] of wrong) {
        const { exitCode, stderr } = await run(['admin', 'recover', '--yes'], changes);
        expect(exitCode).to.equal(2);
        expect(stderr)
          .to.match(/^countersign: settings: [^\n]+\n$/)
          .and.match(said);
      }
      const { exitCode } = await run(['admin', 'recover', '--yes'], {
        COUNTERSIGN_STORE: `redis://127.0.0.1:${await freePort()}`,
      });
      expect(exitCode).to.equal(5);
    }).timeout(20_000);
  });

  describe('keys', () => {
    it('import publishes a key from elsewhere, once', async () => {
      const key = makeSecretKey();
      const paserk = paserkFromSecretKey(key);
      const { exitCode, stdout, stderr } = await run(['keys', 'import'], {}, `${paserk}\n`);
      expect(exitCode, stderr).to.equal(0);
      expect(stdout).to.contain(`Published ${key.verificationKey.keyId}`);
      expect((await run(['keys', 'import'], {}, paserk)).exitCode).to.equal(6);

      const { stdout: listed } = await asAdministrator(['keys', 'list']);
      expect(JSON.parse(listed).keys[0]).to.deep.include({
        key_id: key.verificationKey.keyId,
        state: 'PUBLISHED',
      });
    });

    it('import does not bring back a key that was revoked', async () => {
      const key = makeSecretKey();
      const paserk = paserkFromSecretKey(key);
      await run(['keys', 'import'], {}, paserk);
      expect(
        (await asAdministrator(['keys', 'revoke', key.verificationKey.keyId, '--yes'])).exitCode,
      ).to.equal(0);
      expect((await run(['keys', 'import'], {}, paserk)).exitCode).to.equal(6);
    });

    it('import refuses what is no key, and does not repeat it', async () => {
      const junk = `k4.secret.${'Q'.repeat(86)}`;
      const { exitCode, stdout, stderr } = await run(['keys', 'import'], {}, junk);
      expect(exitCode).to.equal(2);
      expect(stdout + stderr).to.not.contain('QQQQ');
    });

    it('rewrap changes the master key under running servers, and no client notices', async () => {
      const next = {
        COUNTERSIGN_MASTER_KEY: freshMasterKey(),
        COUNTERSIGN_MASTER_KEY_PREVIOUS: service.settings.COUNTERSIGN_MASTER_KEY ?? '',
      };
      const second = await startRealService({ ...service.settings, ...next });
      try {
        const { exitCode, stdout } = await run(['keys', 'rewrap', '--yes', '--json'], next);
        expect(exitCode).to.equal(0);
        expect(JSON.parse(stdout)).to.deep.include({ rewrapped: true });
        expect(JSON.parse((await run(['keys', 'rewrap', '--yes', '--json'], next)).stdout)).to.deep.include({
          rewrapped: false,
        });
        const answer = await asAdministrator(['token', 'issue'], { COUNTERSIGN_ADDRESS: second.address });
        expect(answer.exitCode).to.equal(0);
      } finally {
        await second.stop();
      }
    });
  });

  describe('doctor', () => {
    const findings = async (changes: Record<string, string> = {}) => {
      const { exitCode, stdout } = await run(['doctor', '--json'], changes);
      const found: readonly { check: string; status: string; finding: string; advice: string }[] =
        JSON.parse(stdout).findings;
      return { exitCode, about: (check: string) => found.find((finding) => finding.check === check) };
    };

    it('finds a server that runs well to do so', async () => {
      await eventually(async () => {
        const { exitCode, about } = await findings();
        expect(exitCode).to.equal(0);
        for (const check of ['settings', 'clock', 'issuer', 'master key', 'signing key']) {
          expect(about(check), check).to.deep.include({ status: 'ok' });
        }
      });
    });

    it('warns of a Redis without an append-only file, with what to do', async () => {
      const { about } = await findings();
      expect(about('redis')).to.deep.include({ status: 'warn' });
      expect(about('redis')?.advice).to.contain('redis.conf');
    });

    it('finds another issuer, another master key, a blank store and no store', async () => {
      const issuer = await findings({ COUNTERSIGN_ISSUER: 'https://other.example' });
      expect(issuer.about('issuer')).to.deep.include({ status: 'fail' });
      const master = await findings({ COUNTERSIGN_MASTER_KEY: freshMasterKey() });
      expect(master.about('master key')).to.deep.include({ status: 'fail' });
      const blank = await findings({ COUNTERSIGN_KEY_PREFIX: freshPrefix() });
      expect(blank.about('store')).to.deep.include({ status: 'warn', finding: 'it is blank' });
      const none = await findings({
        COUNTERSIGN_STORE: `redis://user:hidden-password@127.0.0.1:${await freePort()}`,
      });
      expect(none.about('redis')).to.deep.include({ status: 'fail' });
      expect(none.about('redis')?.finding).to.not.contain('hidden-password');
      expect([issuer.exitCode, master.exitCode, blank.exitCode, none.exitCode]).to.deep.equal([1, 1, 0, 1]);
    }).timeout(20_000);

    it('writes nothing', async () => {
      const prefix = freshPrefix();
      await findings({ COUNTERSIGN_KEY_PREFIX: prefix });
      expect((await findings({ COUNTERSIGN_KEY_PREFIX: prefix })).about('store')).to.deep.include({
        finding: 'it is blank',
      });
    });

    it('lists every fault of the settings', async () => {
      const { stdout, exitCode } = await runCli(['doctor', '--json'], {
        env: { COUNTERSIGN_STORE: 'redis://127.0.0.1', COUNTERSIGN_WORKERS: 'many' },
      });
      expect(exitCode).to.equal(1);
      for (const name of ['COUNTERSIGN_ISSUER', 'COUNTERSIGN_MASTER_KEY', 'COUNTERSIGN_WORKERS'])
        expect(stdout).to.contain(name);
    });
  });
});
