import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const NAMES = ['redis-server', 'valkey-server'];

/**
 * The path of a Redis server to run: the one that `COUNTERSIGN_TEST_REDIS_SERVER` names, else one on the PATH, which is
 * installed from the distribution where there is none yet.
 *
 * Fails with one line that says what to do. Remembers its answer, so that an installation is tried once.
 */
export const redisBinary = (): Promise<string> => {
  answer ??= findOrInstall();
  return answer;
};

let answer: Promise<string> | undefined;

/** Whether a Redis server is on the PATH already, so that asking for one costs nothing. */
export const redisIsInstalled = async (): Promise<boolean> =>
  named() !== undefined || (await onPath(NAMES)) !== undefined;

const named = (): string | undefined => process.env.COUNTERSIGN_TEST_REDIS_SERVER || undefined;

async function findOrInstall(): Promise<string> {
  const present = named() ?? (await onPath(NAMES));
  if (present !== undefined) return present;
  const tool = await onPath(['apt-get']);
  if (tool !== undefined) {
    const asRoot = process.getuid?.() === 0 ? [tool] : ['sudo', '-n', tool];
    const quietly = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run([...asRoot, 'update'], quietly);
    await run([...asRoot, 'install', '-y', '--no-install-recommends', 'redis-server'], quietly);
    const installed = await onPath(NAMES);
    if (installed !== undefined) return installed;
  }
  throw new Error(
    'The Redis suites need a redis-server: none is on the PATH and apt-get could not install one. ' +
      'Install it, or point COUNTERSIGN_TEST_REDIS at a throwaway one (redis://host:port).',
  );
}

/** The first of the programs that can be executed, looked for along the PATH. */
async function onPath(names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    for (const directory of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(directory, name);
      try {
        await access(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** Runs a program to its end; whether it succeeded shows in what it leaves behind. */
function run([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: 'ignore' });
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
