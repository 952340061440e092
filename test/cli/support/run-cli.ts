import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Host } from '../../../src/cli/host.js';
import { runCommand } from '../../../src/cli/run-command.js';
import { eventually } from '../../support/eventually.js';

/** How one run of the command ended. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What standard input holds. Undefined: nothing. */
  readonly stdin?: string;
  /** Whether all three streams are a terminal. */
  readonly terminal?: boolean;
  readonly homeFolder?: string;
  readonly now?: number;
}

/** A run of the command that is under way. */
export interface RunningCli {
  stdout(): string;
  stderr(): string;
  /** What Ctrl-C does. Waits until the command has asked to be told. */
  interrupt(): Promise<void>;
  readonly ended: Promise<CliResult>;
}

/** Starts the command within this process, on a machine of the test's own making. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const written = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
    isTTY: options.terminal ?? false,
  });
  const stdin = Object.assign(new PassThrough(), { isTTY: options.terminal ?? false });
  stdin.end(options.stdin ?? '');
  const listeners = new Set<() => void>();
  const host: Host = {
    env: options.env ?? {},
    stdin,
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    now: () => options.now ?? Date.now(),
    homeFolder: options.homeFolder ?? '/nonexistent',
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    async interrupt() {
      await eventually(() => {
        if (listeners.size === 0) throw new Error('nothing waits for an interrupt');
      });
      for (const listener of listeners) listener();
    },
    ended: runCommand(args, host).then((exitCode) => ({ exitCode, ...written })),
  };
}

/** Runs the command to its end. */
export const runCli = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  startCli(args, options).ended;

/** Gives the test a folder of its own, and takes it away afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-cli-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
