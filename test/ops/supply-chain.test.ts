import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';

const shipped = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

interface Package {
  readonly version: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}
interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

/** Versions below these have holes that would matter here. */
const LEAST_VERSIONS: Record<string, readonly [version: string, why: string]> = {
  '@grpc/grpc-js': ['1.14.4', 'CVE-2026-48068 and CVE-2026-48069: a malformed request ends the server'],
};

/** The first only prints something; the others come with what their script would fetch. */
const SCRIPT_NOT_NEEDED = new Set(['protobufjs', 'esbuild', 'fsevents', '@bufbuild/buf']);

const isAtLeast = (version: string, least: string): boolean => {
  const [a, b] = [version, least].map((text) => text.split('.').map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
};

describe('what this is made of', () => {
  const { packages } = JSON.parse(shipped('package-lock.json')) as { packages: Record<string, Package> };
  const manifest = JSON.parse(shipped('package.json')) as Manifest;
  const installed = Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, found]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 13), ...found }));

  it('is named exactly, and known by its content', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version, name).to.match(/^\d+\.\d+\.\d+$/);
    }
    for (const { name, integrity, link } of installed) {
      if (!link) expect(integrity, name).to.match(/^sha512-/);
    }
  });

  it('is not older than the last version with a hole that would matter', () => {
    for (const { name, version } of installed) {
      const [least = '0.0.0', why] = LEAST_VERSIONS[name] ?? [];
      expect(isAtLeast(version, least), `${name} ${version}: ${why}`).to.equal(true);
    }
  });

  it('runs nothing while it is installed', () => {
    expect(shipped('.npmrc')).to.match(/^ignore-scripts=true$/m);
    const scripted = installed.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    expect(scripted.filter((name) => !SCRIPT_NOT_NEEDED.has(name))).to.deep.equal([]);
  });
});

describe('the container', () => {
  const lines = shipped('Dockerfile')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  it('holds what runs and no tools to build it, and runs as nobody', () => {
    expect(last.some((line) => /npm|apt|curl/.test(line))).to.equal(false);
    expect(last.filter((line) => line.startsWith('USER '))).to.deep.equal(['USER node']);
    expect(last.findIndex((line) => line.startsWith('USER '))).to.be.lessThan(
      last.findIndex((line) => line.startsWith('CMD ')),
    );
    expect(lines.some((line) => line.startsWith('ADD '))).to.equal(false);
    expect(shipped('Dockerfile')).not.to.match(/ENV .*(SECRET|KEY|PASSWORD)/);
  });

  it('is composed with a Redis that forgets nothing, and with no more rights than it needs', () => {
    interface Service {
      readonly command?: string;
      readonly environment?: Record<string, string>;
      readonly read_only?: boolean;
      readonly cap_drop?: readonly string[];
      readonly security_opt?: readonly string[];
    }
    const { services } = parse(shipped('docker-compose.yml'), { merge: true }) as {
      services: Record<string, Service>;
    };
    const { redis, ...servers } = services;
    expect(redis?.command).to.match(/--appendonly yes/);
    expect(redis?.command).to.match(/--maxmemory-policy noeviction/);
    expect(Object.keys(servers)).to.have.length.greaterThan(1);
    for (const [name, server] of Object.entries(servers)) {
      expect(server.read_only, name).to.equal(true);
      expect(server.cap_drop, name).to.deep.equal(['ALL']);
      expect(server.security_opt, name).to.deep.equal(['no-new-privileges:true']);
      const secrets = Object.keys(server.environment ?? {}).filter((key) => /MASTER_KEY|_SECRET/.test(key));
      expect(
        secrets.every((key) => key.endsWith('_FILE')),
        name,
      ).to.equal(true);
    }
  });
});
