import { LRUCache } from 'lru-cache';
import type { ClientId, SecretId } from '../../domain/ids.js';

/** One use of a secret. */
export interface Touch {
  readonly clientId: ClientId;
  readonly secretId: SecretId;
  readonly timeMs: number;
}

const AT_MOST_EVERY_MS = 60_000;
const REMEMBERED = 20_000;
const MAX_PENDING = 2000;
const PER_WRITE = 100;
const WRITE_AFTER_MS = 100;

/**
 * Writes down when secrets were used: behind the answers' backs, in bunches, and for each secret at most once a
 * minute. What cannot be written is dropped: a time of last use is worth nobody's wait.
 */
export class TouchLog {
  readonly #write: (touches: readonly Touch[]) => Promise<void>;
  readonly #recent = new LRUCache<string, number>({ max: REMEMBERED });
  #pending: Touch[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(write: (touches: readonly Touch[]) => Promise<void>) {
    this.#write = write;
  }

  add(touch: Touch): void {
    const name = `${touch.clientId} ${touch.secretId}`;
    const last = this.#recent.get(name);
    if (last !== undefined && touch.timeMs - last < AT_MOST_EVERY_MS) return;
    if (this.#pending.length >= MAX_PENDING) return;
    this.#recent.set(name, touch.timeMs);
    this.#pending.push(touch);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS);
  }

  /** Writes what is pending, or drops it; never fails. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const touches = this.#pending;
    this.#pending = [];
    // One after the other, so that uses are written in the order in which they were made.
    this.#writing = this.#writing.then(async () => {
      for (let start = 0; start < touches.length; start += PER_WRITE) {
        await this.#write(touches.slice(start, start + PER_WRITE)).catch(() => undefined);
      }
    });
    return this.#writing;
  }
}
