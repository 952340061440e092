import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./clock-shim.c', import.meta.url));
const COMPILERS = ['cc', 'gcc', 'tcc'] as const;

let built: string | undefined;

/**
 * What comes before a program on the command line so that its clock is so many seconds off, ahead or behind: a
 * library of our own, compiled when first asked for.
 */
export function withClockOff(seconds: number): readonly string[] {
  built ??= build();
  return ['env', `LD_PRELOAD=${built}`, `CLOCK_OFFSET_SECONDS=${seconds}`];
}

function build(): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-clock-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const library = join(directory, 'clock-shim.so');
  const compile = (compiler: string): boolean =>
    spawnSync(compiler, ['-shared', '-fPIC', '-o', library, SOURCE]).status === 0;
  if (COMPILERS.some(compile)) return library;
  spawnSync('sh', ['-c', 'apt-get update -qq && apt-get install -y -qq tcc libc6-dev']);
  if (!COMPILERS.some(compile)) throw new Error('there is no C compiler, and none can be installed');
  return library;
}
