/** What doctor found out about this machine's settings, before anyone judges it. */
export interface SettingsFacts {
  /** What is wrong with them, each naming its variable. */
  readonly faults: readonly { readonly setting: string; readonly problem: string }[];
  readonly tls:
    | { readonly certFile: string; readonly keyFile: string; readonly clientCaFile: string | undefined }
    | undefined;
  readonly forgetful: boolean;
  readonly plaintextBeyondLoopback: boolean;
}

/** What doctor found out about the store. */
export type StoreFacts =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | {
      readonly kind: 'reached';
      readonly findings: readonly { readonly severity: 'refuse' | 'warn'; readonly message: string }[];
      /** Undefined: the store is blank. */
      readonly contents: StoreContents | undefined;
      /** Why what is in it cannot be used; undefined when it can, or is not there. */
      readonly unusable: string | undefined;
    };

export interface StoreContents {
  /** This machine's clock minus the store's, in ms, and how far off that may be. */
  readonly clockAheadMs: number;
  readonly clockErrorMs: number;
  readonly issuer: string;
  readonly issuerWanted: string | undefined;
  /** Which of the master keys wraps the ring. */
  readonly masterKey: 'current' | 'previous' | 'unknown';
  readonly previousMasterKeySet: boolean;
  readonly keys: readonly KeyFacts[];
  readonly keyPeriodMs: number;
  readonly storeTimeMs: number;
}

export interface KeyFacts {
  readonly keyId: string;
  readonly state: 'published' | 'active' | 'retired' | 'revoked';
  readonly activateTimeMs: number | undefined;
}
