/** One setting, as the environment gives it and the README documents it. */
export interface Setting {
  /** What it means, in one line of Markdown. */
  readonly meaning: string;
  /** The text used when it is unset; undefined when there is none, which may be a fault. */
  readonly fallback?: string;
  /** What the README says in place of a fallback that depends on other settings. */
  readonly fallbackNote?: string;
  /** A secret may instead be read from the file that `NAME_FILE` names, and never appears in a message. */
  readonly secret?: true;
}

/** Every setting there is. The README repeats this table, and a test holds the two together. */
export const SETTINGS = {
  COUNTERSIGN_STORE: {
    meaning:
      '`memory:` · `redis://` · `rediss://` · `redis-cluster://h:p,h:p` · `rediss-cluster://…` · `redis-sentinel://h:p,h:p/master-name` · `rediss-sentinel://…`; `user:password@` in all',
    fallback: 'memory:',
    secret: true,
  },
  COUNTERSIGN_REDIS_CA_FILE: {
    meaning: 'certificate authority for the `rediss` forms, PEM',
    fallbackNote: "system's",
  },
  COUNTERSIGN_REDIS_SENTINEL_USERNAME: {
    meaning: 'user at the Sentinels themselves, where they have users',
    fallbackNote: 'the default user',
  },
  COUNTERSIGN_REDIS_SENTINEL_PASSWORD: {
    meaning:
      'password of the Sentinels themselves; the one in `COUNTERSIGN_STORE` is for the Redis behind them',
    fallbackNote: 'none',
    secret: true,
  },
  COUNTERSIGN_REDIS_WAIT_REPLICAS: {
    meaning: 'replicas that must hold a change before it is answered',
    fallback: '0',
  },
  COUNTERSIGN_KEY_PREFIX: {
    meaning: 'the hash tag that every Redis key begins with, `{prefix}:…`',
    fallback: 'countersign',
  },
  COUNTERSIGN_ISSUER: {
    meaning: 'issuer URL, the `iss` claim; https, but for loopback with `memory:`',
    fallbackNote: 'required with Redis; the real HTTP address with `memory:`',
  },
  COUNTERSIGN_MASTER_KEY: {
    meaning: 'PASERK `k4.local.…`; wraps signing keys and pepper at rest',
    fallbackNote: 'required with Redis; ephemeral with `memory:`',
    secret: true,
  },
  COUNTERSIGN_MASTER_KEY_PREVIOUS: {
    meaning: 'the master key before, while it is being changed',
    fallbackNote: 'none',
    secret: true,
  },
  COUNTERSIGN_BOOTSTRAP_CLIENT_ID: {
    meaning: 'id of the first administrator, created only in a store that never had one',
    fallbackNote: 'none; `admin` with `memory:`',
  },
  COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: {
    meaning: 'its secret, 32 to 1024 visible ASCII characters, random',
    fallbackNote: 'none; generated and printed with `memory:`',
    secret: true,
  },
  COUNTERSIGN_GRPC_LISTEN: {
    meaning: '`host:port` of gRPC; port `0` picks a free one and logs it',
    fallback: '127.0.0.1:50051',
  },
  COUNTERSIGN_HTTP_LISTEN: {
    meaning: '`host:port` of the HTTP gateway, or `off`',
    fallback: '127.0.0.1:8080',
  },
  COUNTERSIGN_OPS_LISTEN: {
    meaning: '`host:port` of metrics and health, or `off`',
    fallback: '127.0.0.1:9090',
  },
  COUNTERSIGN_ALLOW_PLAINTEXT: {
    meaning: 'needed to listen without TLS on anything but loopback (behind a mesh, say)',
    fallback: 'false',
  },
  COUNTERSIGN_TLS_CERT_FILE: {
    meaning: 'certificate chain for gRPC and HTTP, PEM, re-read when it changes',
    fallbackNote: 'off',
  },
  COUNTERSIGN_TLS_KEY_FILE: {
    meaning: 'its private key, PEM, re-read when it changes',
    fallbackNote: 'off',
  },
  COUNTERSIGN_TLS_CLIENT_CA_FILE: {
    meaning: 'authority that callers must have a certificate of (mutual TLS), PEM',
    fallbackNote: 'off',
  },
  COUNTERSIGN_TRUSTED_PROXIES: {
    meaning: 'networks whose `X-Forwarded-For` is believed: addresses or CIDR, comma-separated',
    fallbackNote: 'none',
  },
  COUNTERSIGN_TOKEN_TTL_SECONDS: {
    meaning: "a token's life when neither request nor client says otherwise",
    fallback: '3600',
  },
  COUNTERSIGN_MAX_TOKEN_TTL_SECONDS: {
    meaning: "ceiling of a token's life",
    fallback: '86400',
  },
  COUNTERSIGN_KEY_PERIOD_SECONDS: {
    meaning: 'how long a signing key signs before the next takes over',
    fallback: '2592000',
  },
  COUNTERSIGN_KEY_REFRESH_SECONDS: {
    meaning: 'how long verifiers may keep the key set before they ask again',
    fallback: '300',
  },
  COUNTERSIGN_KEY_LEAD_SECONDS: {
    meaning: 'how long a new key is published before it signs; at least the refresh and the margin',
    fallbackNote: '3600, or more where the refresh is longer',
  },
  COUNTERSIGN_KEY_OVERLAP_SECONDS: {
    meaning: "how long a key stays published after it signed last; at least the ceiling of a token's life",
    fallbackNote: 'a day, or more where tokens may live longer',
  },
  COUNTERSIGN_KEY_MARGIN_SECONDS: {
    meaning: 'room in lead and overlap for clocks that disagree; below 60 only for trials',
    fallback: '60',
  },
  COUNTERSIGN_ISSUE_QUOTA_PER_MINUTE: {
    meaning: 'tokens that one client gets in a minute from one serving process; `0`: any number',
    fallback: '0',
  },
  COUNTERSIGN_DRAIN_GRACE_SECONDS: {
    meaning: 'after SIGTERM, how long to go on serving while load balancers learn of it',
    fallback: '0',
  },
  COUNTERSIGN_MAX_CONNECTION_AGE_SECONDS: {
    meaning:
      'after how long a gRPC connection is asked to reconnect, give or take a tenth, so that calls spread',
    fallback: '300',
  },
  COUNTERSIGN_LOG_CALLS_PER_SECOND: {
    meaning:
      'log lines each second for calls that went well, and as many each for refusals and for failures; what is left out is counted',
    fallback: '200',
  },
  COUNTERSIGN_WORKERS: {
    meaning: 'serving processes sharing the ports; `auto` = cores; more than 1 needs Redis',
    fallback: '1',
  },
  COUNTERSIGN_REFLECTION: {
    meaning: 'gRPC reflection',
    fallback: 'true',
  },
  COUNTERSIGN_LOG_LEVEL: {
    meaning: 'pino level',
    fallback: 'info',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
