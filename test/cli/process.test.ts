import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { type RealService, startRealService } from './support/real-service.js';

/** The built command, as it is installed. Needs `npm run build` before. */
const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

describe('the command as a process', function () {
  this.timeout(30_000);
  let service: RealService;
  before(async () => {
    service = await startRealService();
  });
  after(() => service.stop());

  const start = (args: readonly string[]) => {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      env: { ...service.asAdministrator },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const written = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written.stderr += text;
    });
    return { child, written, ended: endOf(child) };
  };
  const endOf = (child: ChildProcess) =>
    new Promise<number | NodeJS.Signals | null>((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal));
    });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`watch ends with status 0 on ${signal}, and shows what happened before`, async () => {
      const { child, written, ended } = start(['watch']);
      await eventually(() => expect(written.stderr).to.contain('what comes now is new'));
      const id = `client-${signal}`;
      expect(await start(['client', 'create', id, '--audience', 'a']).ended).to.equal(0);
      expect(await start(['client', 'revoke', id, '--yes']).ended).to.equal(0);
      await eventually(() => expect(written.stdout).to.contain(id));
      child.kill(signal);
      expect(await ended).to.equal(0);
    });
  }

  it('audit tail shows an act as it happens', async () => {
    const { child, written, ended } = start(['audit', 'tail', '-n', '0', '--json']);
    // An act may fall before the tail begins, so acts are made until one of them is seen.
    await eventually(async () => {
      expect(await start(['client', 'update', 'ops', '--label', 'seen=yes']).ended).to.equal(0);
      expect(written.stdout).to.contain('UpdateClient');
    }, 20_000);
    child.kill('SIGINT');
    expect(await ended).to.equal(0);
    for (const line of written.stdout.trimEnd().split('\n'))
      expect(JSON.parse(line)).to.include({ actor: 'ops' });
  });

  it('a reader that has seen enough is no failure', async () => {
    const { child, written, ended } = start(['completion', 'bash']);
    child.stdout?.destroy();
    expect(await ended).to.equal(0);
    expect(written.stderr).to.equal('');
  });

  it('an end of the server is one line and status 5', async () => {
    const { written, ended } = start(['client', 'list', '--address', '127.0.0.1:1']);
    expect(await ended).to.equal(5);
    expect(written.stderr).to.match(/^countersign: temporarily_unavailable: [^\n]+\n$/);
  });
});
