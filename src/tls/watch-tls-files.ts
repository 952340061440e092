import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { TlsSource } from '../wire/tls-source.js';
import { readTlsMaterial, type TlsFault, type TlsFiles } from './tls-material.js';

/** Something for the log. */
export type TlsEvent =
  | { readonly kind: 'renewed'; readonly expiresAtMs: number }
  /** What is in the files now is no good, and what was there before is still used. */
  | { readonly kind: 'kept'; readonly faults: readonly TlsFault[] };

export interface WatchedTlsFiles extends TlsSource {
  /** When the certificate in use expires, in ms since 1970. */
  expiresAtMs(): number;
  close(): void;
}

/** The files are no good at the start. */
export class TlsFilesUnusable extends Error {
  override readonly name = 'TlsFilesUnusable';
  readonly faults: readonly TlsFault[];

  constructor(faults: readonly TlsFault[]) {
    super(faults.map(({ setting, problem }) => `${setting} ${problem}`).join('; '));
    this.faults = faults;
  }
}

const LOOK_EVERY_MS = 1000;

/**
 * Holds the certificates in the files, and takes over new ones within two seconds of their being written.
 *
 * The files' content is compared, again and again: whoever renews them may write in place, rename, or turn a symbolic
 * link (Kubernetes), and notifications of the file system miss one or another. What cannot be used is never taken
 * over. It is told only once it has stood for a second look, because a pair is not written in one step.
 *
 * @throws {TlsFilesUnusable}
 */
export function watchTlsFiles(options: {
  readonly files: TlsFiles;
  readonly now: () => number;
  readonly onEvent: (event: TlsEvent) => void;
  readonly lookEveryMs?: number;
}): WatchedTlsFiles {
  const { files, now, onEvent, lookEveryMs = LOOK_EVERY_MS } = options;
  const paths = [files.certFile, files.keyFile, files.clientCaFile].filter((path) => path !== undefined);
  const listeners = new Set<() => void>();

  const first = readTlsMaterial(files, (path) => readFileSync(path, 'utf8'), now());
  if (first.material === undefined) throw new TlsFilesUnusable(first.faults);
  let used = first;
  const { cert, key, ca } = first.material;
  let usedContent = contentOf(ca === undefined ? [cert, key] : [cert, key, ca]);
  let faultyContent: string | undefined;
  let isTold = false;

  const look = async (): Promise<void> => {
    const texts = new Map<string, string>();
    for (const path of paths) {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text !== undefined) texts.set(path, text);
    }
    const content = contentOf(paths.map((path) => texts.get(path)));
    if (content === usedContent) {
      faultyContent = undefined;
      return;
    }
    const reading = readTlsMaterial(files, (path) => found(texts.get(path)), now());
    if (reading.material === undefined) {
      if (content !== faultyContent) isTold = false;
      else if (!isTold) {
        isTold = true;
        onEvent({ kind: 'kept', faults: reading.faults });
      }
      faultyContent = content;
      return;
    }
    used = reading;
    usedContent = content;
    faultyContent = undefined;
    for (const listener of listeners) listener();
    onEvent({ kind: 'renewed', expiresAtMs: reading.expiresAtMs });
  };

  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const lookAgainLater = (): void => {
    timer = setTimeout(() => {
      void look().finally(() => {
        if (!closed) lookAgainLater();
      });
    }, lookEveryMs);
    timer.unref();
  };
  lookAgainLater();

  return {
    current: () => used.material,
    expiresAtMs: () => used.expiresAtMs,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

const contentOf = (texts: readonly (string | undefined)[]): string =>
  JSON.stringify(texts.map((t) => t ?? null));

function found(text: string | undefined): string {
  if (text === undefined) throw new Error('not read');
  return text;
}
