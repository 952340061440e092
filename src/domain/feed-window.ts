import type { FeedPosition } from './ports.js';
import type { Revocation } from './revocation.js';

/**
 * The last changes of one epoch, as messages: what every watcher reads from, each at its own place. A slow one costs
 * no memory of its own; it is too slow once the window has moved past it.
 *
 * A message is made when first asked for and then shared, so a change is encoded once however many watch.
 */
export class FeedWindow<Message> {
  readonly epoch: string;
  /** How many changes it holds at least, once there have been so many. */
  readonly length: number;
  readonly #encode: (position: FeedPosition, revocation: Revocation) => Message;
  readonly #entries: Entry<Message>[] = [];
  /** The sequence of the first entry, or of the one to come. */
  #first: number;

  /** Begins empty at a position: what comes next is the change after it. */
  constructor(
    from: FeedPosition,
    length: number,
    encode: (position: FeedPosition, revocation: Revocation) => Message,
  ) {
    this.epoch = from.epoch;
    this.#first = from.sequence + 1;
    this.length = length;
    this.#encode = encode;
  }

  get position(): FeedPosition {
    return { epoch: this.epoch, sequence: this.last };
  }

  /** The sequence of the newest change. */
  get last(): number {
    return this.#first + this.#entries.length - 1;
  }

  append(revocation: Revocation): void {
    this.#entries.push({ revocation, message: undefined });
    if (this.#entries.length < this.length * 1.1 + 1) return;
    const dropped = this.#entries.length - this.length;
    this.#entries.splice(0, dropped);
    this.#first += dropped;
  }

  /** Whether the change of this sequence has come and gone from here. */
  hasForgotten(sequence: number): boolean {
    return sequence < this.#first;
  }

  /** The change of this sequence; undefined when it is yet to come, or forgotten. */
  messageAt(sequence: number): Message | undefined {
    const entry = this.#entries[sequence - this.#first];
    if (entry === undefined) return undefined;
    entry.message ??= this.#encode({ epoch: this.epoch, sequence }, entry.revocation);
    return entry.message;
  }
}

interface Entry<Message> {
  readonly revocation: Revocation;
  message: Message | undefined;
}
