import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';
import { watchLog } from './log-watch.js';
import { noteSecret } from './made-secrets.js';

/** The built server as a process of its own, as an operator runs it. Needs `npm run build` before. */
export interface ServerProcess {
  readonly ports: { readonly grpc: number; readonly http: number; readonly ops: number };
  readonly pid: number;
  /** All that it wrote so far to standard output and error. */
  output(): string;
  /** The lines that are JSON, parsed. */
  logLines(): Record<string, unknown>[];
  signal(name: NodeJS.Signals): void;
  /** Its exit status, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** SIGTERM and, should that not be enough within 15 s, SIGKILL. */
  stop(): Promise<number | NodeJS.Signals>;
  kill(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_DEADLINE_MS = 15_000;

/** A fresh master key, `k4.local.…`. */
export const freshMasterKey = (): string => `k4.local.${randomBytes(32).toString('base64url')}`;

const FREE_PORTS = {
  COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
  COUNTERSIGN_HTTP_LISTEN: '127.0.0.1:0',
  COUNTERSIGN_OPS_LISTEN: '127.0.0.1:0',
};

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Runs it with these settings on free ports, and returns once it is listening and says that it is ready. */
export async function startServerProcess(settings: Record<string, string> = {}): Promise<ServerProcess> {
  const server = launchServerProcess(settings);
  const listening = await Promise.race([server.listening, server.exited]);
  if (typeof listening !== 'object')
    throw new Error(`the server ended with ${listening}:\n${server.output()}`);
  if (listening.ops !== 0) {
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${listening.ops}/readyz`);
      if (answer.status !== 200) throw new Error(`not ready:\n${server.output()}`);
    });
  }
  const { listening: _, ...rest } = server;
  return { ...rest, ports: listening };
}

/** As {@link startServerProcess}, for a server that is not expected to get as far as listening. */
export function launchServerProcess(
  settings: Record<string, string>,
): Omit<ServerProcess, 'ports'> & { readonly listening: Promise<ServerProcess['ports']> } {
  for (const [name, value] of Object.entries(settings)) {
    if (/_(?:SECRET|MASTER_KEY|MASTER_KEY_PREVIOUS)$/.test(name)) noteSecret(name, value);
  }
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('COUNTERSIGN_'));
  const child = spawn(process.execPath, [process.env.COUNTERSIGN_TEST_MAIN ?? join(MAIN)], {
    env: { ...Object.fromEntries(inherited), ...FREE_PORTS, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  alive.add(child);
  let output = '';
  const logLines = (): Record<string, unknown>[] =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as Record<string, unknown>];
        } catch {
          return [];
        }
      });
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      alive.delete(child);
      watchLog(output);
      resolve(code ?? signal ?? 1);
    });
  });
  let found = false;
  const listening = new Promise<ServerProcess['ports']>((resolve, reject) => {
    const deadline = setTimeout(
      () => reject(new Error(`not listening in time:\n${output}`)),
      START_DEADLINE_MS,
    );
    const look = (): void => {
      if (found) return;
      const line = logLines().find(({ msg }) => msg === 'listening');
      if (line === undefined) return;
      found = true;
      clearTimeout(deadline);
      resolve({
        grpc: Number(line.grpc_port),
        http: Number(line.http_port),
        ops: Number(line.ops_port ?? 0),
      });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        look();
      });
    }
    void exited.then(() => clearTimeout(deadline));
  });
  listening.catch(() => undefined);
  return {
    listening,
    exited,
    pid: child.pid ?? 0,
    output: () => output,
    logLines,
    signal: (name) => void child.kill(name),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const last = setTimeout(() => child.kill('SIGKILL'), 15_000);
      const status = await exited;
      clearTimeout(last);
      return status;
    },
  };
}
