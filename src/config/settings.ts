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
