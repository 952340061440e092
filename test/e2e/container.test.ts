import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse } from 'yaml';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { freshMasterKey } from '../support/server-process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Compose {
  readonly services: Record<string, { command?: string; environment?: Record<string, string> }>;
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const dockerfile = read('Dockerfile');
/** A command of the Dockerfile, run as there: without a shell, from the project's folder. */
const commandOf = (instruction: RegExp): string[] =>
  JSON.parse(instruction.exec(dockerfile)?.[1] ?? '[]') as string[];

const SERVE = commandOf(/^CMD (\[.*\])$/m);
const HEALTH = commandOf(/^HEALTHCHECK .*CMD (\[.*\])$/m);

describe('the container, without an engine', function () {
  this.timeout(60_000);
  let redis: TestRedis;
  let server: ReturnType<typeof spawn>;
  let env: Record<string, string>;
  let output = '';

  before(async () => {
    // Redis with the very options of the compose file, but for where it listens and keeps its files.
    const options = compose.services.redis?.command?.match(/--\S+ \S+/g) ?? [];
    redis = await startRedis(Object.fromEntries(options.map((option) => option.slice(2).split(' '))));

    const secrets = mkdtempSync(join(tmpdir(), 'countersign-secrets-'));
    writeFileSync(join(secrets, 'master-key'), `${freshMasterKey()}\n`);
    writeFileSync(join(secrets, 'admin-secret'), 'a-bootstrap-secret-of-40-characters-0001\n');
    const [grpc, http, ops] = [await freePort(), await freePort(), await freePort()];
    const here: Record<string, string> = {
      'redis://redis:6379': redis.url,
      '/run/secrets/master-key': join(secrets, 'master-key'),
      '/run/secrets/admin-secret': join(secrets, 'admin-secret'),
      '0.0.0.0:50051': `127.0.0.1:${grpc}`,
      '0.0.0.0:8080': `127.0.0.1:${http}`,
      '127.0.0.1:9090': `127.0.0.1:${ops}`,
    };
    const settings = Object.entries(compose.services['countersign-1']?.environment ?? {});
    env = Object.fromEntries(settings.map(([name, value]) => [name, here[value] ?? value]));
    env.PATH = process.env.PATH ?? '';
    env.NODE_ENV = 'production';
    const [command = '', ...args] = SERVE;
    server = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        output += bytes.toString();
      });
    }
    await eventually(() => expect(output).to.contain('"listening"'), 20_000);
  });
  after(async () => {
    server.kill('SIGKILL');
    await redis.stop();
  });

  const health = (): number | null => {
    const [command = '', ...args] = HEALTH;
    return spawnSync(command, args, { cwd: root, env, timeout: 5000 }).status;
  };

  it('starts by its own command with the settings of the compose file, as its administrator', () => {
    expect(output).to.contain('made the first administrator');
    expect(output).not.to.contain('not as safe as it could be');
  });

  it('is healthy by its own health command, and not while its store hangs', async () => {
    expect(health()).to.equal(0);
    redis.pause();
    await eventually(() => expect(health()).to.equal(1));
    redis.resume();
    await eventually(() => expect(health()).to.equal(0));
  });

  it('has both servers of the compose file alike but for their ports', () => {
    const { 'countersign-1': one, 'countersign-2': two } = compose.services;
    expect(two?.environment).to.deep.equal(one?.environment);
  });

  it('ends with status 0 when it is told to stop', async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    expect(await ended).to.equal(0);
  });
});
