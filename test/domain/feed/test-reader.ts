import { cursorOf, positionFromCursor, unfinishedCursorOf } from '../../../src/domain/feed-cursor.js';
import type { FeedEncoder, FeedHub } from '../../../src/domain/feed-hub.js';
import type { FeedBeat, Watch, WatchEnd, WatchSink } from '../../../src/domain/feed-watcher.js';
import type { Revocation } from '../../../src/domain/revocation.js';
import { nameOf, rankOf } from './scripted-source.js';

/** A message as tests read it. */
export type TestMessage =
  | {
      readonly kind: 'part';
      readonly cursor: string;
      readonly revocations: readonly Revocation[];
      readonly number: number;
      readonly last: boolean;
    }
  | { readonly kind: 'change'; readonly cursor: string; readonly revocation: Revocation };

/** Encodes into objects, and counts. */
export function testEncoder(): FeedEncoder<TestMessage> & {
  readonly made: { parts: number; changes: number };
} {
  const made = { parts: 0, changes: 0 };
  return {
    made,
    part: (position, revocations, { number, last }) => {
      made.parts += 1;
      const cursor = last ? cursorOf(position) : unfinishedCursorOf(position.epoch);
      return { kind: 'part', cursor, revocations, number, last };
    },
    change: (position, revocation) => {
      made.changes += 1;
      return { kind: 'change', cursor: cursorOf(position), revocation };
    },
  };
}

/**
 * A watcher as a strict verifier would be: it keeps a ledger by maximum, resumes from its cursor, and takes note of
 * everything that a server must never do.
 */
export class TestReader implements WatchSink<TestMessage> {
  readonly received: TestMessage[] = [];
  readonly beats: FeedBeat[] = [];
  readonly ledger = new Map<string, Revocation>();
  /** What the server did wrong. */
  readonly faults: string[] = [];
  end: WatchEnd | undefined;
  cursor = '';
  /** How many more messages it takes before it says that it is full. */
  room = Number.POSITIVE_INFINITY;
  #part = 0;
  #watch: Watch | undefined;

  /** Opens a watching, from its own cursor or from another. */
  watch(hub: FeedHub<TestMessage>, cursor = this.cursor): this {
    this.#watch?.stop();
    this.end = undefined;
    // A new stream has room again.
    if (this.room <= 0) this.room = Number.POSITIVE_INFINITY;
    this.cursor = cursor;
    this.#part = 0;
    this.#watch = hub.watch(positionFromCursor(cursor), this);
    return this;
  }

  stop(): void {
    this.#watch?.stop();
  }

  /** Makes room again and says so. */
  drain(room = Number.POSITIVE_INFINITY): void {
    this.room = room;
    this.#watch?.drained();
  }

  get changes(): readonly Revocation[] {
    return this.received.flatMap((message) => (message.kind === 'change' ? [message.revocation] : []));
  }

  get snapshots(): number {
    return this.received.filter((message) => message.kind === 'part' && message.number === 1).length;
  }

  send(message: TestMessage): boolean {
    if (this.room <= 0) this.faults.push('was sent more than it takes');
    if (this.end !== undefined) this.faults.push('was sent something after the end');
    this.received.push(message);
    if (message.kind === 'part') this.#takePart(message);
    else this.#takeChange(message);
    this.room -= 1;
    return this.room > 0;
  }

  beat(beat: FeedBeat): boolean {
    if (this.room <= 0) this.faults.push('was sent a heartbeat while full');
    if (this.#part > 0) this.faults.push('was sent a heartbeat within a snapshot');
    if (cursorOf(beat.position) !== this.cursor) {
      this.faults.push(`heartbeat at ${cursorOf(beat.position)} while it knows ${this.cursor}`);
    }
    this.beats.push(beat);
    this.room -= 1;
    return this.room > 0;
  }

  ended(why: WatchEnd): void {
    if (this.end !== undefined) this.faults.push('was ended twice');
    this.end = why;
  }

  #takePart(part: TestMessage & { readonly kind: 'part' }): void {
    if (part.number !== 1 && part.number !== this.#part + 1) {
      this.faults.push(`part ${part.number} after ${this.#part}`);
    }
    this.#part = part.last ? 0 : part.number;
    for (const revocation of part.revocations) this.#merge(revocation);
    this.cursor = part.cursor;
  }

  #takeChange({ cursor, revocation }: TestMessage & { readonly kind: 'change' }): void {
    if (this.#part > 0) this.faults.push('a change within a snapshot');
    const before = positionFromCursor(this.cursor);
    const here = positionFromCursor(cursor);
    if (before?.epoch !== here?.epoch || here?.sequence !== (before?.sequence ?? Number.NaN) + 1) {
      this.faults.push(`${cursor} after ${this.cursor}`);
    }
    this.#merge(revocation);
    this.cursor = cursor;
  }

  #merge(revocation: Revocation): void {
    const name = nameOf(revocation);
    const known = this.ledger.get(name);
    if (known === undefined || rankOf(revocation) > rankOf(known)) this.ledger.set(name, revocation);
  }
}
