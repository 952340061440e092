import { write, writeSync } from 'node:fs';

/** Where lines go. */
export interface LogSink {
  write(line: string): void;
  /** Writes what is still held back; for the last moment before the process ends. */
  flush(): void;
}

/** What is held back at most, in characters, while the reader is slow or the disk is full; lines beyond it are lost. */
const MAX_HELD = 1024 * 1024;
const RETRY_MS = 50;
/** How long the last flush may wait for a reader that does not read. */
const FLUSH_DEADLINE_MS = 500;
const FLUSH_PAUSE_MS = 10;

/**
 * Lines to a file descriptor, written behind the caller's back in as few calls as can be.
 *
 * A reader that is gone, or a full disk, costs log lines: never the service, its memory, or an orderly end. pino's own
 * destination repeats a failed write for ever when it flushes, and keeps all that it could not write.
 */
export function descriptorSink(descriptor: number): LogSink {
  let held: string[] = [];
  let heldLength = 0;
  /** What is being written; `held` comes after it. */
  let rest: Buffer = Buffer.alloc(0);
  let isScheduled = false;

  const taken = (): Buffer => {
    const lines = Buffer.from(held.join(''));
    held = [];
    heldLength = 0;
    return lines;
  };
  const go = (): void => write(descriptor, rest, ended);
  const ended = (err: NodeJS.ErrnoException | null, count: number): void => {
    if (err !== null && isTryAgain(err)) {
      setTimeout(go, RETRY_MS).unref();
      return;
    }
    rest = err === null ? rest.subarray(count) : Buffer.alloc(0);
    if (rest.length === 0) rest = taken();
    if (rest.length > 0) go();
  };
  const start = (): void => {
    isScheduled = false;
    if (rest.length > 0) return;
    rest = taken();
    if (rest.length > 0) go();
  };

  return {
    write: (line) => {
      if (heldLength + line.length > MAX_HELD) return;
      held.push(line);
      heldLength += line.length;
      if (isScheduled || rest.length > 0) return;
      // Lines of one turn go out together, and the last words before an end are still here to be flushed.
      isScheduled = true;
      setImmediate(start);
    },
    flush: () => {
      const deadlineMs = performance.now() + FLUSH_DEADLINE_MS;
      // What was handed over before is the operating system's already; written here, it would come twice.
      let last = taken();
      while (last.length > 0 && performance.now() < deadlineMs) {
        try {
          last = last.subarray(writeSync(descriptor, last));
        } catch (err) {
          if (!isTryAgain(err as NodeJS.ErrnoException)) return;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FLUSH_PAUSE_MS);
        }
      }
    },
  };
}

const isTryAgain = ({ code }: NodeJS.ErrnoException): boolean => code === 'EAGAIN' || code === 'EBUSY';
