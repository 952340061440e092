import type { BlockList } from 'node:net';
import { type LocalKey, localKeyFromPaserk } from '../adapters/paseto/paserk.js';
import { parseStoreUrl, type RedisTarget } from '../adapters/redis/store-url.js';
import type { KeyPolicy } from '../domain/key-life.js';
import { defaultKeyLife, keyLifeFaults, keyPolicyFrom } from '../domain/key-policy.js';
import { readTlsMaterial, type TlsFiles } from '../tls/tls-material.js';
import {
  booleanFrom,
  isLoopback,
  issuerFrom,
  type ListenAddress,
  listenAddressFrom,
  listenAddressOrOff,
  matching,
  networksFrom,
  oneOf,
  wholeNumber,
  workersFrom,
} from './parsers.js';
import { BadSetting, type Environment, type Fault, SettingReader } from './setting-reader.js';

export interface Config {
  readonly store: { readonly kind: 'memory' } | RedisTarget;
  /** PEM; undefined: the system's authorities. */
  readonly redisCa: string | undefined;
  readonly waitReplicas: number;
  readonly keyPrefix: string;
  /** Undefined: the address that HTTP really listens on. */
  readonly issuer: string | undefined;
  /** Undefined: an ephemeral one. Parsed here, so that its text is not kept. */
  readonly masterKey: LocalKey | undefined;
  readonly previousMasterKey: LocalKey | undefined;
  readonly bootstrap: { readonly clientId: string; readonly secret: string } | undefined;
  readonly grpcListen: ListenAddress;
  readonly httpListen: ListenAddress | undefined;
  readonly opsListen: ListenAddress | undefined;
  readonly tls: TlsFiles | undefined;
  readonly trustedProxies: BlockList | undefined;
  readonly tokenLife: { readonly defaultSeconds: number; readonly maxSeconds: number };
  readonly keyPolicy: KeyPolicy;
  /** How long verifiers may keep the key set, in seconds. */
  readonly refreshAfterSeconds: number;
  /** 0: any number. */
  readonly issueQuotaPerMinute: number;
  readonly drainGraceSeconds: number;
  readonly maxConnectionAgeSeconds: number;
  readonly logCallsPerSecond: number;
  readonly workers: number;
  readonly reflection: boolean;
  readonly logLevel: LogLevel;
}

export type { TlsFiles };

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Everything that is wrong with the settings, in one error. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(
      ['The configuration cannot be used:', ...faults.map((f) => `  ${f.setting} ${f.problem}`)].join('\n'),
    );
    this.faults = faults;
  }
}

/**
 * Turns the environment into a frozen configuration, or throws one {@link ConfigError} that lists every fault.
 *
 * @param host.readFile reads the file that a `…_FILE` variable names; throws when it cannot
 * @param host.now the time, in ms since 1970, that certificates must be good at; this machine's by default
 */
export function loadConfig(
  env: Environment,
  host: {
    readonly readFile: (path: string) => string;
    readonly cores: number;
    readonly now?: () => number;
  },
): Config {
  const read = new SettingReader(env, host.readFile);
  const store = withSentinelCredentials(read, read.parsed('COUNTERSIGN_STORE', storeFrom));
  // A faulty store has been told; go on as with Redis, whose rules are the stricter ones.
  const onMemory = store?.kind === 'memory';

  const grpcListen = read.parsed('COUNTERSIGN_GRPC_LISTEN', listenAddressFrom);
  const httpListen = read.parsed('COUNTERSIGN_HTTP_LISTEN', listenAddressOrOff);
  const opsListen = read.parsed('COUNTERSIGN_OPS_LISTEN', listenAddressOrOff);
  const tls = tlsFrom(read);
  if (tls !== undefined) {
    const { faults } = readTlsMaterial(tls, host.readFile, (host.now ?? Date.now)());
    for (const { setting, problem } of faults) read.fault(setting, problem);
  }
  const allowPlaintext = read.parsed('COUNTERSIGN_ALLOW_PLAINTEXT', booleanFrom) ?? false;
  if (!allowPlaintext) {
    refusePlaintext(read, 'COUNTERSIGN_GRPC_LISTEN', tls === undefined ? grpcListen : undefined);
    refusePlaintext(read, 'COUNTERSIGN_HTTP_LISTEN', tls === undefined ? httpListen : undefined);
    refusePlaintext(read, 'COUNTERSIGN_OPS_LISTEN', opsListen);
  }

  const issuer = read.parsed('COUNTERSIGN_ISSUER', issuerFrom(onMemory));
  const masterKey = read.parsed('COUNTERSIGN_MASTER_KEY', masterKeyFrom);
  const workers = read.parsed('COUNTERSIGN_WORKERS', workersFrom(host.cores));
  if (store !== undefined && !onMemory) {
    require(read, 'COUNTERSIGN_ISSUER');
    require(read, 'COUNTERSIGN_MASTER_KEY');
  }
  if (onMemory && workers !== undefined && workers > 1) {
    read.fault('COUNTERSIGN_WORKERS', 'above 1 needs a store that processes can share: Redis');
  }

  const defaultSeconds = read.parsed('COUNTERSIGN_TOKEN_TTL_SECONDS', wholeNumber(1, 31_536_000));
  const maxSeconds = read.parsed('COUNTERSIGN_MAX_TOKEN_TTL_SECONDS', wholeNumber(1, 31_536_000));
  if (defaultSeconds !== undefined && maxSeconds !== undefined && defaultSeconds > maxSeconds) {
    read.fault('COUNTERSIGN_TOKEN_TTL_SECONDS', 'must not be above COUNTERSIGN_MAX_TOKEN_TTL_SECONDS');
  }

  const refreshAfterSeconds = read.parsed('COUNTERSIGN_KEY_REFRESH_SECONDS', wholeNumber(1, 86_400)) ?? 1;

  const config = {
    store,
    redisCa: read.parsed('COUNTERSIGN_REDIS_CA_FILE', (path) => authorityFrom(path, host.readFile)),
    waitReplicas: read.parsed('COUNTERSIGN_REDIS_WAIT_REPLICAS', wholeNumber(0, 16)),
    keyPrefix: read.parsed(
      'COUNTERSIGN_KEY_PREFIX',
      matching(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 characters of A-Z a-z 0-9 . _ -'),
    ),
    issuer,
    masterKey,
    previousMasterKey: read.parsed('COUNTERSIGN_MASTER_KEY_PREVIOUS', masterKeyFrom),
    bootstrap: bootstrapFrom(read),
    grpcListen,
    httpListen,
    opsListen,
    tls,
    trustedProxies: read.parsed('COUNTERSIGN_TRUSTED_PROXIES', networksFrom),
    tokenLife: { defaultSeconds, maxSeconds },
    keyPolicy: keyPolicyOf(read, { refreshAfterSeconds, maxTokenTtlSeconds: maxSeconds ?? 1 }),
    refreshAfterSeconds,
    issueQuotaPerMinute: read.parsed('COUNTERSIGN_ISSUE_QUOTA_PER_MINUTE', wholeNumber(0, 1_000_000)),
    drainGraceSeconds: read.parsed('COUNTERSIGN_DRAIN_GRACE_SECONDS', wholeNumber(0, 300)),
    maxConnectionAgeSeconds: read.parsed('COUNTERSIGN_MAX_CONNECTION_AGE_SECONDS', wholeNumber(1, 86_400)),
    logCallsPerSecond: read.parsed('COUNTERSIGN_LOG_CALLS_PER_SECOND', wholeNumber(1, 1_000_000)),
    workers,
    reflection: read.parsed('COUNTERSIGN_REFLECTION', booleanFrom),
    logLevel: read.parsed('COUNTERSIGN_LOG_LEVEL', oneOf(...LOG_LEVELS)),
  };
  if (read.faults.length > 0) throw new ConfigError(read.faults);
  // Without faults every setting that has a fallback has a value.
  return Object.freeze(config) as Config;
}

function authorityFrom(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch {
    throw new BadSetting('names a file that cannot be read');
  }
}

function storeFrom(text: string): Config['store'] {
  try {
    return parseStoreUrl(text);
  } catch (err) {
    throw new BadSetting(err instanceof Error ? err.message : 'is not a store that is known');
  }
}

function withSentinelCredentials(
  read: SettingReader,
  store: Config['store'] | undefined,
): Config['store'] | undefined {
  const username = read.text('COUNTERSIGN_REDIS_SENTINEL_USERNAME');
  const password = read.text('COUNTERSIGN_REDIS_SENTINEL_PASSWORD');
  if (username !== undefined && !read.isSet('COUNTERSIGN_REDIS_SENTINEL_PASSWORD')) {
    read.fault('COUNTERSIGN_REDIS_SENTINEL_PASSWORD', 'is missing: its user is set');
  }
  if (password === undefined) return store;
  if (store?.kind === 'sentinel') return { ...store, sentinelCredentials: { username, password } };
  if (store !== undefined) {
    read.fault('COUNTERSIGN_REDIS_SENTINEL_PASSWORD', 'needs a COUNTERSIGN_STORE behind Sentinels');
  }
  return store;
}

function masterKeyFrom(text: string): LocalKey {
  try {
    return localKeyFromPaserk(text);
  } catch {
    throw new BadSetting('must be a PASERK k4.local key (make one with: countersign keys generate-master)');
  }
}

function bootstrapFrom(read: SettingReader): Config['bootstrap'] {
  const clientId = read.parsed(
    'COUNTERSIGN_BOOTSTRAP_CLIENT_ID',
    matching(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 characters of A-Z a-z 0-9 . _ -'),
  );
  const secret = read.parsed(
    'COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET',
    matching(/^[\x21-\x7e]{32,1024}$/, '32 to 1024 visible ASCII characters'),
  );
  const idSet = read.isSet('COUNTERSIGN_BOOTSTRAP_CLIENT_ID');
  const secretSet = read.isSet('COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET');
  if (idSet && !secretSet) read.fault('COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET', 'is missing: its id is set');
  if (secretSet && !idSet) read.fault('COUNTERSIGN_BOOTSTRAP_CLIENT_ID', 'is missing: its secret is set');
  return clientId === undefined || secret === undefined ? undefined : { clientId, secret };
}

function keyPolicyOf(
  read: SettingReader,
  life: { readonly refreshAfterSeconds: number; readonly maxTokenTtlSeconds: number },
): KeyPolicy {
  const seconds = wholeNumber(1, 315_360_000);
  const marginSeconds = read.parsed('COUNTERSIGN_KEY_MARGIN_SECONDS', wholeNumber(0, 86_400)) ?? 0;
  const bounds = { ...life, marginSeconds };
  const safe = defaultKeyLife(bounds);
  const settings = {
    periodSeconds: read.parsed('COUNTERSIGN_KEY_PERIOD_SECONDS', seconds) ?? safe.periodSeconds,
    leadSeconds: read.parsed('COUNTERSIGN_KEY_LEAD_SECONDS', seconds) ?? safe.leadSeconds,
    overlapSeconds: read.parsed('COUNTERSIGN_KEY_OVERLAP_SECONDS', seconds) ?? safe.overlapSeconds,
  };
  for (const { setting, problem } of keyLifeFaults(settings, bounds)) {
    read.fault(`COUNTERSIGN_KEY_${setting}_SECONDS`, problem);
  }
  return keyPolicyFrom(settings);
}

function tlsFrom(read: SettingReader): TlsFiles | undefined {
  const certFile = read.text('COUNTERSIGN_TLS_CERT_FILE');
  const keyFile = read.text('COUNTERSIGN_TLS_KEY_FILE');
  const clientCaFile = read.text('COUNTERSIGN_TLS_CLIENT_CA_FILE');
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile, clientCaFile };
  if (certFile !== undefined) read.fault('COUNTERSIGN_TLS_KEY_FILE', 'is missing: a certificate is set');
  if (keyFile !== undefined) read.fault('COUNTERSIGN_TLS_CERT_FILE', 'is missing: a private key is set');
  if (certFile === undefined && keyFile === undefined && clientCaFile !== undefined) {
    read.fault(
      'COUNTERSIGN_TLS_CLIENT_CA_FILE',
      'needs COUNTERSIGN_TLS_CERT_FILE and COUNTERSIGN_TLS_KEY_FILE',
    );
  }
  return undefined;
}

function refusePlaintext(
  read: SettingReader,
  name: 'COUNTERSIGN_GRPC_LISTEN' | 'COUNTERSIGN_HTTP_LISTEN' | 'COUNTERSIGN_OPS_LISTEN',
  listen: ListenAddress | undefined,
): void {
  if (listen !== undefined && !isLoopback(listen.host)) {
    read.fault(name, 'would listen without TLS beyond loopback; COUNTERSIGN_ALLOW_PLAINTEXT=true allows it');
  }
}

function require(read: SettingReader, name: 'COUNTERSIGN_ISSUER' | 'COUNTERSIGN_MASTER_KEY'): void {
  if (!read.isSet(name)) read.fault(name, 'is missing: it is required with Redis');
}
