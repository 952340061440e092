/**
 * Client libraries of other languages against the built server on its embedded store: each discovers the endpoints,
 * gets a token by Basic and by body, introspects and revokes it, and looks again. Prints a table with versions; exits 1
 * when one failed. Needs python3, go and mvn with a JDK, and their package registries.
 *
 * usage: npm run interop:http [-- python|go|java …]
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { ClientServiceClient } from '../../../src/wire/gen/countersign/v1/client_service.js';
import { startServerProcess } from '../../../test/support/server-process.js';
import { castTarget } from '../../matrix/cast.js';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const ADMINISTRATOR = { id: 'admin', secret: 'the-first-administrator-of-the-interop' };

/** What a client tells of itself when all went well. */
interface Report {
  readonly client: string;
  readonly version: string;
  readonly language: string;
  /** `library` where the library does it, `by hand` where it cannot. */
  readonly discovery: string;
  readonly introspect: string;
  readonly revoke: string;
}

/** How each language's clients are run in a directory that holds a copy of theirs. */
const LANGUAGES: Readonly<Record<string, (directory: string, env: NodeJS.ProcessEnv) => Promise<string>>> = {
  python: async (directory, env) => {
    const python = join(directory, 'venv', 'bin', 'python');
    await run('python3', ['-m', 'venv', join(directory, 'venv')]);
    await run(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--requirement',
      join(directory, 'requirements.txt'),
    ]);
    // Both refuse plain http unless told; here everything is on loopback.
    const insecure = { AUTHLIB_INSECURE_TRANSPORT: '1', OAUTHLIB_INSECURE_TRANSPORT: '1' };
    return (await run(python, [join(directory, 'clients.py')], { env: { ...env, ...insecure } })).stdout;
  },
  go: async (directory, env) => (await run('go', ['run', '.'], { cwd: directory, env })).stdout,
  java: async (directory, env) =>
    (await run('mvn', ['--quiet', '--batch-mode', 'compile', 'exec:java'], { cwd: directory, env })).stdout,
};

async function reportsOf(language: string, env: NodeJS.ProcessEnv): Promise<readonly Report[]> {
  const directory = await mkdtemp(join(tmpdir(), `countersign-interop-${language}-`));
  try {
    await cp(join(HERE, language), directory, { recursive: true });
    const output = (await LANGUAGES[language]?.(directory, env)) ?? '';
    // Maven colours its output even where there is no terminal.
    const reports = output.split('\n').flatMap((line) => /\{.*\}/.exec(line) ?? []);
    if (reports.length === 0) throw new Error(`no report:\n${output}`);
    return reports.map((report) => JSON.parse(report) as Report);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const chosen = process.argv.slice(2);
  const languages = Object.keys(LANGUAGES).filter((name) => chosen.length === 0 || chosen.includes(name));
  const server = await startServerProcess({
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMINISTRATOR.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMINISTRATOR.secret,
  });
  const administration = new ClientServiceClient(
    `127.0.0.1:${server.ports.grpc}`,
    credentials.createInsecure(),
  );
  let failures = 0;
  try {
    const origin = `http://127.0.0.1:${server.ports.http}`;
    const abilities = { wait: () => Promise.resolve() };
    const target = await castTarget({
      origin,
      issuer: origin,
      administration,
      administrator: ADMINISTRATOR,
      abilities,
    });
    const { client, introspector } = target.clients;
    const env = {
      ...process.env,
      INTEROP: JSON.stringify({ issuer: origin, scope: target.scope, client, introspector }),
    };
    console.log('| client | language | version | discovery | token (Basic, body) | introspect | revoke |');
    console.log('|---|---|---|---|---|---|---|');
    for (const language of languages) {
      try {
        for (const {
          client: name,
          version,
          language: spoken,
          discovery,
          introspect,
          revoke,
        } of await reportsOf(language, env)) {
          console.log(
            `| ${name} | ${spoken} | ${version} | ${discovery} | library | ${introspect} | ${revoke} |`,
          );
        }
      } catch (error) {
        failures += 1;
        console.log(`| ${language}: failed | | | | | | |`);
        console.error(error instanceof Error ? error.message : error);
      }
    }
  } finally {
    administration.close();
    await server.stop();
  }
  console.log(failures === 0 ? 'all passed' : `${failures} failed`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
