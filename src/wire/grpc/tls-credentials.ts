import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { MIN_TLS_VERSION, type TlsSource } from '../tls-source.js';

/**
 * Credentials for a server's port: TLS 1.2 or newer, mutual where the source names an authority. A renewed pair is
 * taken up by new connections; those that are open go on. Listens to the source for as long as the port is bound.
 */
export class TlsCredentials extends ServerCredentials {
  readonly #source: TlsSource;
  #stopListening: (() => void) | undefined;

  constructor(source: TlsSource) {
    const isMutual = source.current().ca !== undefined;
    super(
      { requestCert: isMutual, rejectUnauthorized: isMutual, minVersion: MIN_TLS_VERSION },
      contextOf(source),
    );
    this.#source = source;
  }

  override _addWatcher(watcher: Watcher): void {
    super._addWatcher(watcher);
    this.#stopListening ??= this.#source.onChange(() =>
      this.updateSecureContextOptions(contextOf(this.#source)),
    );
  }

  override _removeWatcher(watcher: Watcher): void {
    super._removeWatcher(watcher);
    if (this.getWatcherCount() > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

const contextOf = (source: TlsSource): SecureContextOptions => ({
  ...source.current(),
  minVersion: MIN_TLS_VERSION,
});

type Watcher = Parameters<ServerCredentials['_addWatcher']>[0];
