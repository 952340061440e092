/**
 * Programs in Go, Python and Java against the built server, over stubs that their usual tools make of `proto/`: each
 * issues a token, verifies it with a PASETO library of its language and the published keys, revokes it, and hears of
 * that on the feed. Prints a table with versions; exits 1 when one failed. Needs go, python3, and mvn with a JDK, and
 * their package registries.
 *
 * Usage: npm run interop:grpc [-- go|python|java …]
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeOperator } from '../../demo/operator.js';
import { ISSUER, openStage } from '../../stage.js';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const PROTO = fileURLToPath(new URL('../../../proto', import.meta.url));
const BUF = join(dirname(createRequire(import.meta.url).resolve('@bufbuild/buf/package.json')), 'bin', 'buf');
const AUDIENCE = 'https://orders.example';

/** What a program tells of itself when all went well. */
interface Report {
  readonly language: string;
  readonly grpc: string;
  readonly paseto: string;
}

interface Language {
  /** What makes the stubs. */
  readonly stubs: string;
  /** Makes them in a directory that holds a copy of the program, and runs it; answers its output. */
  readonly run: (directory: string, env: NodeJS.ProcessEnv) => Promise<string>;
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  go: {
    stubs: 'buf, protoc-gen-go, protoc-gen-go-grpc',
    run: async (directory, env) => {
      const options = { cwd: directory, env };
      await run(process.execPath, [BUF, 'generate', PROTO, '--template', 'buf.gen.yaml'], options);
      await run('go', ['build', '-o', 'program', '.'], options);
      return (await run(join(directory, 'program'), options)).stdout;
    },
  },
  python: {
    stubs: 'grpcio-tools',
    run: async (directory, env) => {
      const options = { cwd: directory, env };
      const python = join(directory, 'venv', 'bin', 'python');
      await run('python3', ['-m', 'venv', 'venv'], options);
      await run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', 'requirements.txt'], options);
      const services = ['token', 'client', 'key', 'audit'].map(
        (name) => `countersign/v1/${name}_service.proto`,
      );
      const out = ['--python_out=.', '--grpc_python_out=.'];
      await run(python, ['-m', 'grpc_tools.protoc', `--proto_path=${PROTO}`, ...out, ...services], options);
      return (await run(python, ['main.py'], options)).stdout;
    },
  },
  java: {
    stubs: 'protobuf-maven-plugin, protoc-gen-grpc-java',
    run: async (directory, env) => {
      const args = ['--quiet', '--batch-mode', `-Dproto.directory=${PROTO}`, 'compile', 'exec:java'];
      return (await run('mvn', args, { cwd: directory, env })).stdout;
    },
  },
};

async function reportOf(name: string, { run: runProgram }: Language, env: NodeJS.ProcessEnv) {
  const directory = await mkdtemp(join(tmpdir(), `countersign-interop-${name}-`));
  try {
    await cp(join(HERE, name), directory, { recursive: true });
    const output = await runProgram(directory, env);
    // Maven colours its output even where there is no terminal.
    const said = output.split('\n').flatMap((line) => /\{.*\}/.exec(line) ?? []);
    const lines = said.map((line) => JSON.parse(line) as Partial<Report & { ok: boolean }>);
    const report = lines.find((line): line is Report => line.language !== undefined);
    if (report === undefined) throw new Error(`no report:\n${output}`);
    return { ...report, checks: lines.filter(({ ok }) => ok).length };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const chosen = process.argv.slice(2);
  const stage = await openStage();
  let failures = 0;
  try {
    const { grpc: address } = await stage.server();
    const operator = makeOperator(address);
    const verifierSecret = await operator.register({
      clientId: 'interop-verifier',
      introspectionOnly: true,
      allowedScopes: ['countersign:introspect'],
      servesAudiences: [AUDIENCE],
    });
    console.log('| language | gRPC | stubs by | PASETO | checks |');
    console.log('|---|---|---|---|---|');
    for (const [name, language] of Object.entries(LANGUAGES)) {
      if (chosen.length > 0 && !chosen.includes(name)) continue;
      const callerSecret = await operator.register({
        clientId: `interop-${name}`,
        allowedScopes: ['orders:read'],
        defaultScopes: ['orders:read'],
        allowedAudiences: [AUDIENCE],
        defaultAudience: AUDIENCE,
      });
      const env = {
        ...process.env,
        ADDRESS: address,
        ISSUER,
        AUDIENCE,
        CALLER_ID: `interop-${name}`,
        CALLER_SECRET: callerSecret,
        VERIFIER_ID: 'interop-verifier',
        VERIFIER_SECRET: verifierSecret,
      };
      try {
        const report = await reportOf(name, language, env);
        console.log(
          `| ${report.language} | ${report.grpc} | ${language.stubs} | ${report.paseto} | ${report.checks} passed |`,
        );
      } catch (error) {
        failures += 1;
        console.log(`| ${name}: failed | | | | |`);
        console.error(error);
      }
    }
    operator.close();
  } finally {
    await stage.close();
  }
  console.log(failures === 0 ? 'all passed' : `${failures} failed`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
