import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import type { ServerProcess } from './server-process.js';

export interface OddServerOptions {
  readonly settings: Record<string, string>;
  /** What comes before `node` on the command line: another network namespace, say. */
  readonly prefix?: readonly string[];
  /** Where it listens; 127.0.0.1 by default. */
  readonly host?: string;
  /** A descriptor to write the log to, or `gone`: a pipe whose reader leaves once the server is ready. */
  readonly log: number | 'gone' | 'ignored';
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const alive = new Set<{ kill(signal: 'SIGKILL'): unknown }>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Runs the built server otherwise than operators would: its log is not to be had, so the ports are chosen before. */
export async function startOddServer(options: OddServerOptions): Promise<ServerProcess> {
  const { settings, prefix = [], host = '127.0.0.1', log } = options;
  const ports = { grpc: await freePort(), http: await freePort(), ops: await freePort() };
  const [command = '', ...args] = [...prefix, process.execPath, process.env.COUNTERSIGN_TEST_MAIN ?? MAIN];
  const child = spawn(command, args, {
    env: {
      ...process.env,
      COUNTERSIGN_GRPC_LISTEN: `${host}:${ports.grpc}`,
      COUNTERSIGN_HTTP_LISTEN: `${host}:${ports.http}`,
      COUNTERSIGN_OPS_LISTEN: `${host}:${ports.ops}`,
      ...settings,
    },
    stdio: ['ignore', log === 'gone' ? 'pipe' : log === 'ignored' ? 'ignore' : log, 'pipe'],
  });
  alive.add(child);
  const exited = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('exit', (code, signal) => {
      alive.delete(child);
      resolve(code ?? signal ?? 1);
    }),
  );
  let complaints = '';
  child.stderr?.on('data', (text: Buffer) => {
    complaints += text.toString();
  });
  child.stdout?.resume();
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${complaints}`);
    const answer = await fetch(`http://${host}:${ports.ops}/readyz`);
    if (answer.status !== 200) throw new Error(`the server is not ready: ${await answer.text()}`);
  }, 20_000);
  if (log === 'gone') {
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
  const end = (signal: NodeJS.Signals): Promise<number | NodeJS.Signals> => {
    child.kill(signal);
    return exited;
  };
  return {
    ports,
    pid: child.pid ?? 0,
    output: () => complaints,
    logLines: () => [],
    signal: (name) => void child.kill(name),
    exited,
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}
