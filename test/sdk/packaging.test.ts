import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { FakeService } from './fake-service.js';
import { AUDIENCE, ISSUER, mint, mintKey } from './mint.js';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** All that the library may load. What is not linked into the project cannot be: server, store and logger first of all. */
const LIBRARY_DEPENDENCIES = ['@bufbuild/protobuf', '@grpc/grpc-js', '@noble/hashes', 'lru-cache', 'paseto'];

describe('the packed library in an empty project', function () {
  this.timeout(60_000);
  let project: string;

  before(async () => {
    await access('dist/sdk/verifier.js').catch(() => {
      throw new Error('The packaging tests need a build: npm run build.');
    });
    project = await mkdtemp(join(tmpdir(), 'countersign-project-'));
    const packed = join(project, 'node_modules/countersign');
    await mkdir(packed, { recursive: true });
    const { stdout } = await run('npm', [
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      project,
    ]);
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    await run('tar', ['-xzf', join(project, filename), '-C', packed, '--strip-components=1']);
    for (const name of LIBRARY_DEPENDENCIES) await link(name);
  });

  after(() => rm(project, { recursive: true, force: true }));

  async function link(name: string): Promise<void> {
    const target = join(project, 'node_modules', name);
    await mkdir(dirname(target), { recursive: true });
    await symlink(join(process.cwd(), 'node_modules', name), target);
  }

  /** Runs a program in the project to its own end, which it has to find by itself; answers what it printed. */
  async function program(name: string, source: string): Promise<string> {
    await writeFile(join(project, name), source);
    const { stdout } = await run(process.execPath, [name], { cwd: project, timeout: 20_000 });
    return stdout.trim();
  }

  const LOADS = `
    const client = await import('countersign/client');
    const verifier = await import('countersign/verifier');
    const proto = await import('countersign/proto');
    console.log([typeof client.createTokenSource, typeof verifier.createVerifier,
      typeof proto.countersign.v1.TokenServiceClient].join());`;

  it('loads from ESM, without server, Redis client or logger', async () => {
    expect(await program('esm.mjs', LOADS)).to.equal('function,function,function');
    for (const absent of ['fastify', 'ioredis', 'pino']) {
      const tried = program('absent.mjs', `await import('${absent}')`);
      expect(await tried.catch((err: Error) => err.message)).to.contain('ERR_MODULE_NOT_FOUND');
    }
  });

  it('loads from CommonJS by import()', async () => {
    expect(await program('cjs.cjs', `(async () => { ${LOADS} })()`)).to.equal('function,function,function');
  });

  it('exports the same names from the package as from its source', async () => {
    const names = await program(
      'names.mjs',
      `const names = async (name) => Object.keys(await import(name)).sort();
       console.log(JSON.stringify([await names('countersign/client'), await names('countersign/verifier')]));`,
    );
    expect(JSON.parse(names)).to.deep.equal([
      Object.keys(await import('../../src/sdk/client.js')).sort(),
      Object.keys(await import('../../src/sdk/verifier.js')).sort(),
    ]);
  });

  it('ships the .proto files and the rules for other languages', async () => {
    const output = await program(
      'proto.mjs',
      `import { protoDirectory } from 'countersign/verifier';
       import { readFileSync } from 'node:fs';
       import { fileURLToPath } from 'node:url';
       const file = 'countersign/v1/require.proto';
       const own = fileURLToPath(import.meta.resolve('countersign/proto/' + file));
       readFileSync(protoDirectory + '/VERIFIER.md');
       console.log(readFileSync(own, 'utf8') === readFileSync(protoDirectory + '/' + file, 'utf8'));`,
    );
    expect(output).to.equal('true');
  });

  it('has types that hold in a strict project', async () => {
    await link('@types/node');
    await link('@grpc/proto-loader');
    await writeFile(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          strict: true,
          noEmit: true,
          types: ['node'],
          skipLibCheck: true,
        },
        files: ['types.mts'],
      }),
    );
    await writeFile(
      join(project, 'types.mts'),
      `import { Server, credentials } from '@grpc/grpc-js';
       import { loadSync } from '@grpc/proto-loader';
       import { authorizedFetch, authorizingInterceptor, createTokenSource, type TokenSource } from 'countersign/client';
       import { countersign } from 'countersign/proto';
       import { createVerifier, grpcGuard, httpGuard, principalOf, protoDirectory, rulesFromPackageDefinition,
         VerifyError, type Principal } from 'countersign/verifier';
       const source: TokenSource = createTokenSource({ address: 'a:1', clientId: 'c', clientSecret: 's' });
       const verifier = createVerifier({ address: ['a:1', 'b:1'], issuer: 'i', audience: 'a', credential: source,
         onStale: 'accept', maxStalenessMs: 3000 });
       const rules = rulesFromPackageDefinition(loadSync('x.proto', { includeDirs: [protoDirectory] }));
       new Server({ interceptors: [grpcGuard(verifier, { rules, services: [countersign.v1.TokenServiceService] })] });
       new countersign.v1.TokenServiceClient('a:1', credentials.createSsl(), {
         interceptors: [authorizingInterceptor(source)] });
       httpGuard(verifier, { scopes: { any: ['a'] } })({} as import('node:http').IncomingMessage,
         {} as import('node:http').ServerResponse, () => {});
       export const fetched: Promise<Response> = authorizedFetch(source)('https://x.test');
       export const who: Principal = principalOf({} as import('node:http').IncomingMessage);
       // @ts-expect-error a principal is read only
       who.clientId = 'other';
       export const isRefusal = (err: unknown) => err instanceof VerifyError && err.code === 'invalid_token';`,
    );
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch(
      (err: { stdout: string }) => err,
    );
    expect(stdout).to.equal('');
  });

  it('keeps no process alive once closed, whatever was open', async () => {
    const service = await FakeService.start();
    try {
      const key = mintKey();
      service.listKeys = async () => ({ keys: [key.published], refreshAfterSeconds: 300 });
      service.issueToken = async () => ({ accessToken: 'token', expiresInSeconds: 3600 });
      service.onFeed = (feed) => feed.snapshot('e:1', []).heartbeat('e:1');
      const output = await program(
        'close.mjs',
        `import { createTokenSource } from 'countersign/client';
         import { createVerifier } from 'countersign/verifier';
         const options = { issuer: '${ISSUER}', audience: '${AUDIENCE}' };
         const source = createTokenSource({ address: '${service.address}', clientId: 'c', clientSecret: 's' });
         const verifier = createVerifier({ ...options, address: '${service.address}', credential: source });
         const unreachable = createVerifier({ ...options, address: '127.0.0.1:1', credential: source });
         await verifier.ready();
         const { clientId } = await verifier.verify('${mint(key, Date.now())}');
         for (const open of [verifier, unreachable, source]) open.close();
         const closedAt = performance.now();
         process.on('exit', () => console.log(clientId, performance.now() - closedAt < 1000));`,
      );
      expect(output).to.equal('caller true');
    } finally {
      service.stop();
    }
  });
});
