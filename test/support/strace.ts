import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';

/** One system call, as it ended. */
export interface SystemCall {
  readonly name: string;
  /** The first argument of those that have one. */
  readonly descriptor: number;
  /** All of its arguments, as strace writes them. */
  readonly args: string;
  readonly result: number;
}

const MAX_STRING = 65_536;

/** Watches the system calls of a process and its threads, in the order in which they ended. Needs to be root. */
export async function traceCalls(
  pid: number,
  names: readonly string[],
): Promise<{ stop(): Promise<readonly SystemCall[]> }> {
  requireStrace();
  const directory = mkdtempSync(join(tmpdir(), 'countersign-strace-'));
  const file = join(directory, 'calls');
  const options = ['-f', '-s', String(MAX_STRING), '-o', file, '-e', `trace=${names.join(',')}`];
  const child = spawn('strace', [...options, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  await eventually(() => {
    if (!said.includes('attached')) throw new Error(`strace is not attached: ${said}`);
  });
  return {
    stop: async () => {
      await interrupted(child);
      const calls = callsIn(readFileSync(file, 'utf8'));
      rmSync(directory, { recursive: true });
      return calls;
    },
  };
}

const interrupted = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGINT');
  });

/** Reads a trace. A call that others came between stands in two lines, and counts where it ends. */
export function callsIn(trace: string): readonly SystemCall[] {
  const begun = new Map<string, string>();
  const calls: SystemCall[] = [];
  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    if (unfinished !== null) {
      begun.set(thread, unfinished[1] ?? '');
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const whole = resumed === null ? rest : `${begun.get(thread) ?? ''}${resumed[1]}`;
    const [, name, args = '', result] = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(whole) ?? [];
    if (name === undefined) continue;
    calls.push({ name, descriptor: Number.parseInt(args, 10), args, result: Number(result) });
  }
  return calls;
}

function requireStrace(): void {
  if (spawnSync('strace', ['-V']).status === 0) return;
  const installed = spawnSync('sh', ['-c', 'apt-get update -qq && apt-get install -y -qq strace'], {
    encoding: 'utf8',
  });
  if (installed.status !== 0)
    throw new Error(`strace is missing and cannot be installed: ${installed.stderr}`);
}
