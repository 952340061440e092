import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What a run of specs came to; hooks that fail count as tests, by their names. */
export interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

/** A fault may well make a test wait for ever. */
const DEADLINE_MS = 180_000;

/** Runs specs in a tree. Undefined when the run came to no end of its own, or to none that it could report. */
export async function runSpecs(directory: string, specs: readonly string[]): Promise<Outcome | undefined> {
  const report = join(directory, 'outcome.json');
  rmSync(report, { force: true });
  const args = ['--reporter', 'json', '--reporter-option', `output=${report}`];
  const mocha = spawn(
    process.execPath,
    [
      join(directory, 'node_modules/mocha/bin/mocha.js'),
      ...args,
      ...specs.map((spec) => `test/${spec}.test.ts`),
    ],
    { cwd: directory, stdio: 'ignore', detached: true },
  );
  // Its children go with it: a test may have started servers.
  const end = (): void => {
    if (mocha.pid !== undefined) process.kill(-mocha.pid, 'SIGKILL');
  };
  const deadline = setTimeout(end, DEADLINE_MS);
  process.once('exit', end);
  await new Promise((resolve) => mocha.once('exit', resolve));
  clearTimeout(deadline);
  process.off('exit', end);
  return outcomeIn(report);
}

function outcomeIn(report: string): Outcome | undefined {
  try {
    const { passes, failures } = JSON.parse(readFileSync(report, 'utf8')) as Record<
      'passes' | 'failures',
      { readonly fullTitle: string }[]
    >;
    const titles = (tests: { readonly fullTitle: string }[]) => tests.map(({ fullTitle }) => fullTitle);
    return { passed: titles(passes), failed: titles(failures) };
  } catch {
    return undefined;
  }
}
