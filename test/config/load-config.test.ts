import { expect } from 'chai';
import fc from 'fast-check';
import { localKeyFromPaserk } from '../../src/adapters/paseto/paserk.js';
import { ConfigError, loadConfig } from '../../src/config/load-config.js';
import { SETTINGS } from '../../src/config/settings.js';
import { makeAuthority, type TestAuthority } from '../support/certificates.js';

const MASTER_KEY = `k4.local.${'A'.repeat(43)}`;
const REDIS = {
  COUNTERSIGN_STORE: 'redis://127.0.0.1:6379',
  COUNTERSIGN_ISSUER: 'https://auth.example',
  COUNTERSIGN_MASTER_KEY: MASTER_KEY,
};

const noFiles = (): never => {
  throw new Error('ENOENT');
};
const load = (env: Record<string, string>, readFile: (path: string) => string = noFiles) =>
  loadConfig(env, { readFile, cores: 2 });

const faultsOf = (env: Record<string, string>, readFile?: (path: string) => string): string[] => {
  try {
    load(env, readFile);
    return [];
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    return err.faults.map((fault) => fault.setting);
  }
};

describe('the configuration', () => {
  it('needs nothing at all, and then runs on the embedded store, on loopback alone', () => {
    const config = load({});
    expect(config.store).to.deep.equal({ kind: 'memory' });
    expect(config.grpcListen).to.deep.equal({ host: '127.0.0.1', port: 50051 });
    expect(config.httpListen).to.deep.equal({ host: '127.0.0.1', port: 8080 });
    expect(config.opsListen).to.deep.equal({ host: '127.0.0.1', port: 9090 });
    expect(config.tokenLife).to.deep.equal({ defaultSeconds: 3600, maxSeconds: 86400 });
    expect(Object.isFrozen(config)).to.equal(true);
  });

  it('tells every fault at once, each by the name of its variable', () => {
    expect(
      faultsOf({
        COUNTERSIGN_STORE: 'mysql://x',
        COUNTERSIGN_GRPC_LISTEN: 'nowhere',
        COUNTERSIGN_REFLECTION: 'maybe',
        COUNTERSIGN_TOKEN_TTL_SECONDS: '-1',
        COUNTERSIGN_LOG_LEVEL: 'loud',
        COUNTERSIGN_TRUSTED_PROXIES: '10.0.0.0/99',
        COUNTERSIGN_KEY_PREFIX: 'a{b}',
      }),
    ).to.have.members([
      'COUNTERSIGN_STORE',
      'COUNTERSIGN_GRPC_LISTEN',
      'COUNTERSIGN_REFLECTION',
      'COUNTERSIGN_TOKEN_TTL_SECONDS',
      'COUNTERSIGN_LOG_LEVEL',
      'COUNTERSIGN_TRUSTED_PROXIES',
      'COUNTERSIGN_KEY_PREFIX',
    ]);
  });

  it('demands issuer and master key with Redis: what decides security has no default', () => {
    expect(faultsOf({ COUNTERSIGN_STORE: 'redis://127.0.0.1:6379' })).to.have.members([
      'COUNTERSIGN_ISSUER',
      'COUNTERSIGN_MASTER_KEY',
    ]);
    expect(load(REDIS).issuer).to.equal('https://auth.example');
  });

  it('takes a master key only in its one spelling, and repeats no bad one', () => {
    // The last character of 32 bytes in base64url has two spare bits, which must be zero.
    const misspelt = `k4.local.${'A'.repeat(42)}B`;
    expect(faultsOf({ ...REDIS, COUNTERSIGN_MASTER_KEY: misspelt })).to.deep.equal([
      'COUNTERSIGN_MASTER_KEY',
    ]);
    const another = { ...REDIS, COUNTERSIGN_MASTER_KEY_PREVIOUS: `k4.secret.${'Q'.repeat(86)}` };
    expect(() => load(another))
      .to.throw(/COUNTERSIGN_MASTER_KEY_PREVIOUS must be/)
      .and.not.match(/QQQ/);
  });

  it('takes an http issuer only on loopback with the embedded store', () => {
    expect(load({ COUNTERSIGN_ISSUER: 'http://127.0.0.1:8080' }).issuer).to.equal('http://127.0.0.1:8080');
    expect(faultsOf({ COUNTERSIGN_ISSUER: 'http://auth.example' })).to.deep.equal(['COUNTERSIGN_ISSUER']);
    expect(faultsOf({ ...REDIS, COUNTERSIGN_ISSUER: 'http://127.0.0.1:8080' })).to.deep.equal([
      'COUNTERSIGN_ISSUER',
    ]);
  });

  for (const issuer of [
    'https://auth.example/?q',
    'https://auth.example/#f',
    'https://user@auth.example',
    'https://auth.example/',
    'auth.example',
    'https://auth.example/a b',
    'https://auth.example/"',
  ]) {
    it(`refuses ${issuer} as an issuer`, () => {
      expect(faultsOf({ ...REDIS, COUNTERSIGN_ISSUER: issuer })).to.deep.equal(['COUNTERSIGN_ISSUER']);
    });
  }

  it('refuses to listen without TLS beyond loopback, unless told so', () => {
    const open = { COUNTERSIGN_GRPC_LISTEN: '0.0.0.0:1', COUNTERSIGN_HTTP_LISTEN: '[::]:1' };
    expect(faultsOf(open)).to.have.members(['COUNTERSIGN_GRPC_LISTEN', 'COUNTERSIGN_HTTP_LISTEN']);
    expect(faultsOf({ ...open, COUNTERSIGN_ALLOW_PLAINTEXT: 'true' })).to.deep.equal([]);
  });

  describe('with certificates', () => {
    const tls = { COUNTERSIGN_TLS_CERT_FILE: 'c.pem', COUNTERSIGN_TLS_KEY_FILE: 'k.pem' };
    let authority: TestAuthority;
    let readFile: (path: string) => string;
    before(async () => {
      authority = await makeAuthority();
      const { cert, key } = await authority.issue('server');
      const files: Record<string, string> = { 'c.pem': cert, 'k.pem': key, 'other.pem': authority.key };
      readFile = (path) => files[path] ?? noFiles();
    });
    after(() => authority.close());

    it('may listen anywhere, but for the operations port, which has none', () => {
      const open = { COUNTERSIGN_GRPC_LISTEN: '0.0.0.0:1', COUNTERSIGN_HTTP_LISTEN: '[::]:1' };
      expect(faultsOf({ ...open, ...tls }, readFile)).to.deep.equal([]);
      expect(faultsOf({ COUNTERSIGN_OPS_LISTEN: '0.0.0.0:1', ...tls }, readFile)).to.deep.equal([
        'COUNTERSIGN_OPS_LISTEN',
      ]);
    });

    it('refuses those that are unreadable, do not belong together or have expired', () => {
      expect(faultsOf(tls)).to.deep.equal(['COUNTERSIGN_TLS_CERT_FILE', 'COUNTERSIGN_TLS_KEY_FILE']);
      const mismatched = { ...tls, COUNTERSIGN_TLS_KEY_FILE: 'other.pem' };
      expect(faultsOf(mismatched, readFile)).to.deep.equal(['COUNTERSIGN_TLS_KEY_FILE']);
      const inAYear = { readFile, cores: 1, now: () => Date.now() + 365 * 86_400_000 };
      expect(() => loadConfig(tls, inAYear)).to.throw(/CERT_FILE names a certificate that expired on/);
    });
  });

  it('reads every secret from a file as well, and refuses both at once', () => {
    const readFile = (path: string): string => {
      if (path !== '/run/secrets/master') throw new Error('ENOENT');
      return `${MASTER_KEY}\n`;
    };
    const { COUNTERSIGN_MASTER_KEY: _, ...rest } = REDIS;
    const fromFile = { ...rest, COUNTERSIGN_MASTER_KEY_FILE: '/run/secrets/master' };
    expect(load(fromFile, readFile).masterKey?.keyId).to.equal(localKeyFromPaserk(MASTER_KEY).keyId);
    expect(faultsOf({ ...fromFile, COUNTERSIGN_MASTER_KEY: MASTER_KEY }, readFile)).to.deep.equal([
      'COUNTERSIGN_MASTER_KEY',
    ]);
    expect(faultsOf({ ...rest, COUNTERSIGN_MASTER_KEY_FILE: '/nowhere' }, readFile)).to.deep.equal([
      'COUNTERSIGN_MASTER_KEY_FILE',
    ]);
  });

  it("tells of a Redis authority's certificate that cannot be read with all the other faults", () => {
    expect(faultsOf({ ...REDIS, COUNTERSIGN_REDIS_CA_FILE: '/nowhere' })).to.deep.equal([
      'COUNTERSIGN_REDIS_CA_FILE',
    ]);
    expect(load({ ...REDIS, COUNTERSIGN_REDIS_CA_FILE: 'ca.pem' }, () => 'PEM').redisCa).to.equal('PEM');
  });

  it('takes credentials of Sentinels apart from those of the Redis behind them, and only where there are Sentinels', () => {
    const behind = { ...REDIS, COUNTERSIGN_STORE: 'redis-sentinel://:a@h/main' };
    const password = { COUNTERSIGN_REDIS_SENTINEL_PASSWORD: 'b' };
    const username = { COUNTERSIGN_REDIS_SENTINEL_USERNAME: 'watcher' };
    expect(load(behind).store).to.not.have.property('sentinelCredentials');
    expect(load({ ...behind, ...password, ...username }).store).to.deep.include({
      password: 'a',
      sentinelCredentials: { username: 'watcher', password: 'b' },
    });
    expect(faultsOf({ ...REDIS, ...password })).to.deep.equal(['COUNTERSIGN_REDIS_SENTINEL_PASSWORD']);
    expect(faultsOf({ ...behind, ...username })).to.deep.equal(['COUNTERSIGN_REDIS_SENTINEL_PASSWORD']);
  });

  it('wants id and secret of the first administrator together', () => {
    expect(faultsOf({ COUNTERSIGN_BOOTSTRAP_CLIENT_ID: 'root' })).to.deep.equal([
      'COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET',
    ]);
    expect(faultsOf({ COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: 's'.repeat(40) })).to.deep.equal([
      'COUNTERSIGN_BOOTSTRAP_CLIENT_ID',
    ]);
    expect(
      faultsOf({ COUNTERSIGN_BOOTSTRAP_CLIENT_ID: 'root', COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: 'short' }),
    ).to.deep.equal(['COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET']);
  });

  it('keeps a default life from exceeding the ceiling, and workers from sharing a memory', () => {
    expect(
      faultsOf({ COUNTERSIGN_TOKEN_TTL_SECONDS: '100', COUNTERSIGN_MAX_TOKEN_TTL_SECONDS: '99' }),
    ).to.deep.equal(['COUNTERSIGN_TOKEN_TTL_SECONDS']);
    expect(faultsOf({ COUNTERSIGN_WORKERS: '2' })).to.deep.equal(['COUNTERSIGN_WORKERS']);
    expect(load({ ...REDIS, COUNTERSIGN_WORKERS: 'auto' }).workers).to.equal(2);
  });

  it('refuses a life of keys that would leave verifiers without the key that signs', () => {
    expect(
      faultsOf({ COUNTERSIGN_KEY_REFRESH_SECONDS: '600', COUNTERSIGN_KEY_LEAD_SECONDS: '600' }),
    ).to.deep.equal(['COUNTERSIGN_KEY_LEAD_SECONDS']);
    expect(faultsOf({ COUNTERSIGN_KEY_OVERLAP_SECONDS: '60' })).to.deep.equal([
      'COUNTERSIGN_KEY_OVERLAP_SECONDS',
    ]);
    expect(faultsOf({ COUNTERSIGN_KEY_PERIOD_SECONDS: '60' })).to.deep.equal([
      'COUNTERSIGN_KEY_PERIOD_SECONDS',
    ]);
    expect(load({}).keyPolicy).to.deep.equal({
      periodMs: 2_592_000_000,
      leadMs: 3_600_000,
      overlapMs: 86_465_000,
    });
  });

  it('never repeats a secret in what it says, whatever is wrong with it', () => {
    const canary = 'canaryCANARY0123456789';
    const secret = fc.constantFrom(
      `redis://user:${canary}@`,
      `redis://user:${canary}@host:notaport`,
      `foo://user:${canary}@host`,
      `redis-sentinel://u:${canary}@h`,
      canary,
    );
    fc.assert(
      fc.property(secret, secret, (store, key) => {
        try {
          load({ COUNTERSIGN_STORE: store, COUNTERSIGN_MASTER_KEY: key, COUNTERSIGN_ISSUER: 'x' });
        } catch (err) {
          expect(String(err)).not.to.contain(canary);
        }
      }),
    );
  });

  it('documents every setting, and gives each a fallback that is valid itself', () => {
    for (const [name, setting] of Object.entries(SETTINGS)) {
      expect(setting.meaning, name).to.match(/\S/);
      expect('fallback' in setting || 'fallbackNote' in setting, name).to.equal(true);
    }
    const fallbacks = Object.fromEntries(
      Object.entries(SETTINGS).flatMap(([name, s]) => ('fallback' in s ? [[name, s.fallback]] : [])),
    );
    expect(faultsOf(fallbacks)).to.deep.equal([]);
  });
});
