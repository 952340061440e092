import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { localKeyFromPaserk } from '../../src/adapters/paseto/paserk.js';
import { KeyState } from '../../src/wire/gen/countersign/v1/token_service.js';
import { type FakeService, type Script, startFakeService } from './support/fake-service.js';
import { inFolder, runCli } from './support/run-cli.js';

const KEY = {
  keyId: 'k4.pid.abc',
  publicKey: 'k4.public.abc',
  state: KeyState.KEY_STATE_ACTIVE,
  createTime: new Date('2026-05-01T08:00:00Z'),
  activateTime: new Date('2026-05-01T09:00:00Z'),
};

describe('countersign keys', () => {
  let service: FakeService | undefined;
  afterEach(() => service?.stop());

  const run = async (script: Script, args: readonly string[]) => {
    service = await startFakeService(script);
    const env = {
      COUNTERSIGN_CLIENT_ID: 'ops',
      COUNTERSIGN_CLIENT_SECRET: 'x',
      COUNTERSIGN_ADDRESS: service.address,
    };
    return runCli(['keys', ...args], { env });
  };

  it('list shows state and times', async () => {
    const { stdout } = await run({ listSigningKeys: () => ({ keys: [KEY] }) }, ['list']);
    expect(stdout).to.match(/^k4\.pid\.abc +ACTIVE +2026-05-01 08:00:00Z +2026-05-01 09:00:00Z +- +- +-$/m);
  });

  it('rotate is asked about only when it is immediate', async () => {
    const script = { rotateSigningKey: () => ({ key: KEY }) };
    expect((await run(script, ['rotate'])).exitCode).to.equal(0);
    expect(service?.asked[0]?.request).to.deep.equal({ immediate: false });
    await service?.stop();
    expect((await run(script, ['rotate', '--immediate'])).exitCode).to.equal(2);
    expect(service?.asked).to.deep.equal([]);
    await service?.stop();
    expect((await run(script, ['rotate', '--immediate', '--yes'])).exitCode).to.equal(0);
    expect(service?.asked[0]?.request).to.deep.equal({ immediate: true });
  });

  it('revoke needs a yes, and says which key signs now', async () => {
    const script = { revokeSigningKey: () => ({ activeKey: KEY }) };
    expect((await run(script, ['revoke', 'k4.pid.old'])).exitCode).to.equal(2);
    await service?.stop();
    const { stdout } = await run(script, ['revoke', 'k4.pid.old', '--reason', 'stolen', '--yes']);
    expect(service?.asked[0]?.request).to.deep.equal({ keyId: 'k4.pid.old', reason: 'stolen' });
    expect(stdout).to.equal('k4.pid.abc signs now, from 2026-05-01 09:00:00Z.\n');
  });

  it('generate-master puts a fresh key alone on stdout', async () => {
    const [first, second] = [
      await runCli(['keys', 'generate-master']),
      await runCli(['keys', 'generate-master']),
    ];
    const key = localKeyFromPaserk(first.stdout.trimEnd());
    expect(first.stderr).to.contain(key.keyId);
    expect(second.stdout).to.not.equal(first.stdout);
  });

  it('generate-master writes a 0600 file instead, and shows the id alone', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'master');
      const { stdout, stderr } = await runCli(['keys', 'generate-master', '--secret-file', path]);
      const key = localKeyFromPaserk(readFileSync(path, 'utf8').trimEnd());
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect(stdout).to.contain(key.keyId);
      expect(stdout + stderr).to.not.contain('k4.local.');
    }));
});
