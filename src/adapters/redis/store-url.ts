/** One Redis, Sentinel or Cluster node's address. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** Who we are there; without a user name the default user. */
export interface RedisCredentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

interface RedisAccess extends RedisCredentials {
  /** Whether to speak TLS, to Sentinels too. */
  readonly tls: boolean;
}

/** Which Redis to stand on, as `COUNTERSIGN_STORE` names it. */
export type RedisTarget =
  | (RedisAccess & RedisAddress & { readonly kind: 'standalone' })
  | (RedisAccess & { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] })
  | (RedisAccess & {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisAddress[];
      readonly masterName: string;
      /** For the Sentinels themselves; undefined where they ask nobody. The others are for the Redis behind them. */
      readonly sentinelCredentials?: RedisCredentials;
    });

const DEFAULT_PORTS = { standalone: 6379, cluster: 6379, sentinel: 26379 } as const;

/**
 * Reads a store's address: `memory:`, `redis://`, `redis-cluster://h:p,h:p` or `redis-sentinel://h:p,h:p/master-name`,
 * the last three as `rediss…` for TLS and with `user:password@` where needed.
 *
 * Fails with an `Error` whose message is a predicate ("must …") that never repeats any of the text: it may hold a
 * password.
 */
export function parseStoreUrl(text: string): { readonly kind: 'memory' } | RedisTarget {
  if (text === 'memory:') return { kind: 'memory' };
  const match = /^redis(?<tls>s?)(?:-(?<kind>cluster|sentinel))?:\/\/(?:(?<user>.*)@)?(?<rest>[^@]*)$/s.exec(
    text,
  );
  if (match?.groups === undefined) {
    throw new Error(
      'must be memory:, redis://, rediss://, redis-cluster://, rediss-cluster://, redis-sentinel:// or rediss-sentinel://',
    );
  }
  const { tls, kind = 'standalone', user, rest = '' } = match.groups;
  const access = { ...credentialsFrom(user), tls: tls === 's' };
  const slash = rest.indexOf('/');
  const hosts = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? '' : rest.slice(slash + 1);

  if (kind === 'sentinel') {
    if (!/^[A-Za-z0-9._-]+$/.test(path))
      throw new Error('must end with the name of the master: /master-name');
    return { kind, ...access, sentinels: addressesFrom(hosts, DEFAULT_PORTS.sentinel), masterName: path };
  }
  if (path !== '' && path !== '0') throw new Error('must name no database but 0, and no options');
  if (kind === 'cluster') return { kind, ...access, nodes: addressesFrom(hosts, DEFAULT_PORTS.cluster) };
  const [address, ...more] = addressesFrom(hosts, DEFAULT_PORTS.standalone);
  if (address === undefined || more.length > 0) throw new Error('must name one host, unless it is a cluster');
  return { kind: 'standalone', ...access, ...address };
}

function credentialsFrom(text: string | undefined): RedisCredentials {
  if (text === undefined) return { username: undefined, password: undefined };
  const colon = text.indexOf(':');
  if (colon < 0) throw new Error('must give credentials as user:password@ or :password@');
  const [username, password] = [text.slice(0, colon), text.slice(colon + 1)].map(percentDecoded);
  if (!password) throw new Error('must not have an empty password before the @');
  return { username: username || undefined, password };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('must percent-encode its credentials correctly');
  }
}

function addressesFrom(text: string, defaultPort: number): readonly RedisAddress[] {
  return text.split(',').map((part) => {
    const match = /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?$/.exec(
      part,
    );
    const host = match?.groups?.ipv6 ?? match?.groups?.name;
    const port = Number(match?.groups?.port ?? defaultPort);
    if (host === undefined || port < 1 || port > 65535) {
      throw new Error('must name its hosts as host:port, separated by commas, with ports from 1 to 65535');
    }
    return { host, port };
  });
}
