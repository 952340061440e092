import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { descriptorSink } from '../src/log-sink.js';

const MODULE = fileURLToPath(new URL('../src/log-sink.ts', import.meta.url));

/** Runs a script that has `sink`, with standard output as given; answers its exit status. */
function runWith(stdout: number | 'pipe', script: string): Promise<number | null> {
  const source = `import { descriptorSink } from ${JSON.stringify(MODULE)};\nconst sink = descriptorSink(1);\n${script}`;
  const args = ['--import=tsx', '--input-type=module', '--eval', source];
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdout, 'inherit'], timeout: 15_000 });
  child.stdout?.destroy();
  return new Promise((resolve) => child.once('exit', resolve));
}

describe('standard output', function () {
  this.timeout(20_000);

  it('has every line once and in order, written or flushed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-log-'));
    const file = join(directory, 'log');
    const descriptor = openSync(file, 'w');
    const sink = descriptorSink(descriptor);
    const lines = Array.from({ length: 2000 }, (_, index) => `line ${index} äöü\n`);
    for (const line of lines.slice(0, 1000)) sink.write(line);
    while (readFileSync(file, 'utf8').split('\n').length < 1001) await new Promise(setImmediate);
    for (const line of lines.slice(1000)) sink.write(line);
    // What was handed over already must have ended, or it would be written twice.
    while (!readFileSync(file, 'utf8').includes('line 1999')) await new Promise(setImmediate);
    sink.write('last\n');
    sink.flush();
    expect(readFileSync(file, 'utf8')).to.match(/last\n$/);
    expect(readFileSync(file, 'utf8').startsWith(lines.join(''))).to.equal(true);
    closeSync(descriptor);
    rmSync(directory, { recursive: true });
  });

  const BUSY_END = `
    for (let i = 0; i < 1000; i += 1) sink.write('a line\\n');
    setTimeout(() => {
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < 300; i += 1) sink.write('x'.repeat(100_000) + '\\n');
      sink.flush();
      process.exit(process.memoryUsage().heapUsed - before > 60e6 ? 3 : 0);
    }, 100);`;

  it('that is a full disk neither ends nor holds up the process, nor fills its memory', async () => {
    const full = openSync('/dev/full', 'w');
    expect(await runWith(full, BUSY_END)).to.equal(0);
    closeSync(full);
  });

  it('whose reader is gone neither ends nor holds up the process, nor fills its memory', async () => {
    expect(await runWith('pipe', BUSY_END)).to.equal(0);
  });
});
