import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const src = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src');

/** Which rooms a room may import from, besides itself. A file named here stands for itself alone. */
const ARROWS: Record<string, readonly string[]> = {
  main: ['app', 'config', 'log', 'log-sink', 'welcome', 'worker', 'workers', 'adapters/system.ts'],
  workers: ['config', 'domain', 'log', 'ops', 'reserve-port', 'worker'],
  worker: ['app', 'ops'],
  app: [
    'config',
    'domain',
    'wire',
    'adapters',
    'ops',
    'tls',
    'log',
    'call-log',
    'closers',
    'open-store',
    'reserve-port',
  ],
  'open-store': ['config', 'domain', 'adapters', 'log'],
  welcome: ['app', 'config'],
  'reserve-port': ['config'],
  healthcheck: ['config'],
  // The pure parsers of store addresses and keys, so that bad ones are told with all the other faults.
  config: ['adapters/redis/store-url.ts', 'adapters/paseto/paserk.ts', 'tls/tls-material.ts', 'domain'],
  'call-log': ['wire/call-observer.ts', 'log', 'domain'],
  log: ['domain', 'log-sink'],
  'log-sink': [],
  closers: [],
  domain: [],
  ops: ['domain', 'wire/call-observer.ts'],
  wire: ['domain', 'gen'],
  gen: [],
  tls: ['wire/tls-source.ts'],
  adapters: ['domain'],
  // Another team's process imports this: no server, no store, no logger.
  sdk: ['gen', 'domain', 'adapters/paseto'],
  cli: ['sdk', 'gen', 'domain', 'cli/local.ts'],
  // The CLI's one door to what works on the store or the master key itself.
  'cli/local.ts': ['app', 'config', 'adapters', 'domain', 'log', 'main', 'cli'],
};

/** Packages that only one room may know. */
const PACKAGES: Record<string, readonly string[]> = {
  ioredis: ['adapters'],
  paseto: ['adapters'],
  fastify: ['wire', 'ops'],
  pino: ['log'],
  'prom-client': ['ops'],
  '@opentelemetry/api': ['ops'],
  '@grpc/grpc-js': ['wire', 'gen', 'sdk', 'cli'],
  commander: ['cli'],
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/'));

const roomOf = (path: string): string => {
  if (path in ARROWS) return path;
  if (path.startsWith('wire/gen/')) return 'gen';
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(src, from), 'utf8');
  const found = text.matchAll(/(?:^|\n)\s*(import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/g);
  const dynamic = text.matchAll(/\bimport\('([^']+)'\)/g);
  return [
    ...[...found].map((match) => ({ specifier: match[3] ?? '', typeOnly: match[2] !== undefined })),
    ...[...dynamic].map((match) => ({ specifier: match[1] ?? '', typeOnly: true })),
  ].map(({ specifier, typeOnly }) => ({
    from,
    typeOnly,
    to: specifier.startsWith('.')
      ? relative(src, join(src, dirname(from), specifier))
          .replaceAll('\\', '/')
          .replace(/\.js$/, '.ts')
      : specifier,
  }));
});

describe('the house', () => {
  it('has no import that runs against the arrows', () => {
    const wrong = imports
      .filter(({ to }) => to.endsWith('.ts'))
      .filter(({ from, to }) => {
        const [here, there] = [roomOf(from), roomOf(to)];
        const allowed = ARROWS[here] ?? [];
        return (
          here !== there &&
          !allowed.some((arrow) => arrow === there || to === arrow || to.startsWith(`${arrow}/`))
        );
      });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).to.deep.equal([]);
  });

  it('keeps each outside package in its rooms', () => {
    const wrong = imports.filter(({ from, to }) => {
      const rooms =
        PACKAGES[
          to
            .split('/')
            .slice(0, to.startsWith('@') ? 2 : 1)
            .join('/')
        ];
      return rooms !== undefined && !rooms.includes(roomOf(from).split('/')[0] ?? '');
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).to.deep.equal([]);
  });

  it('has no cycle among its files', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) {
      if (to.endsWith('.ts') && !typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
    }
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) if (roomOf(file) !== 'gen') visit(file, []);
    expect(cycles).to.deep.equal([]);
  });

  it('is read whole by this test', () => {
    expect(files.length).to.be.greaterThan(30);
    expect(imports.length).to.be.greaterThan(100);
    const rooms = [...new Set(files.map(roomOf))];
    expect(rooms.filter((room) => !(room in ARROWS))).to.deep.equal([]);
  });
});
