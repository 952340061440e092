import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ADMIN_SECRET, type RealService, startRealService } from './support/real-service.js';
import { inFolder } from './support/run-cli.js';
import { isAsExpected, outputsOf, scriptOf, stepsOf } from './support/transcript.js';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The built command, as it is installed. Needs `npm run build` before. */
const COMMAND = at('../../dist/cli/main.js');

/** Runs a script with `countersign` on the path, both outputs in one. */
async function runScript(script: string, folder: string, env: Record<string, string>): Promise<string> {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'countersign'), `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' "$@"\n`);
  chmodSync(join(bin, 'countersign'), 0o755);
  const path = `${bin}${delimiter}${process.env.PATH ?? ''}`;
  const child = spawn('bash', ['--norc', '-c', `exec 2>&1\n${script}`], {
    cwd: folder,
    env: { PATH: path, HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}

describe("an operator's day", () => {
  let service: RealService;
  before(async () => {
    service = await startRealService();
  });
  after(() => service.stop());

  it('goes as operators-day.md tells', async function () {
    this.timeout(120_000);
    const steps = stepsOf(readFileSync(at('operators-day.md'), 'utf8'));
    expect(steps).to.have.length.above(15);
    await inFolder(async (folder) => {
      writeFileSync(join(folder, 'ops.secret'), ADMIN_SECRET, { mode: 0o600 });
      const outputs = outputsOf(
        await runScript(scriptOf(steps), folder, {
          COUNTERSIGN_ADDRESS: service.address,
          COUNTERSIGN_CLIENT_ID: 'ops',
          COUNTERSIGN_CLIENT_SECRET_FILE: join(folder, 'ops.secret'),
        }),
      );
      for (const [i, { line, command, expected }] of steps.entries()) {
        const output = outputs[i] ?? '';
        if (isAsExpected(output, expected)) continue;
        expect(output, `line ${line}: ${command}`).to.equal(`${expected.join('\n')}\n`);
      }
    });
  });
});
