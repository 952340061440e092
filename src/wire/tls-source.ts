/** What a door must offer and accept at least. */
export const MIN_TLS_VERSION = 'TLSv1.2';

/** Certificates for a door, PEM; they may be renewed while it runs. What it answers is a pair that fits. */
export interface TlsSource {
  current(): TlsMaterial;
  /** Answers how to stop listening. */
  onChange(listener: () => void): () => void;
}

export interface TlsMaterial {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Whose certificates callers must have (mutual TLS). */
  readonly ca?: string | Buffer;
}
