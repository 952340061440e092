import type { FeedPosition, FeedSource } from './ports.js';
import type { Revocation } from './revocation.js';

/** Makes the message of one part of a snapshot; the first has the number 1. */
export type EncodePart<Message> = (
  position: FeedPosition,
  revocations: readonly Revocation[],
  place: { readonly number: number; readonly last: boolean },
) => Message;

/**
 * One reading of the whole ledger, shared by all who need one: read once, encoded once, and held in its encoded form
 * (about 35 bytes an entry) for as long as somebody is not done with it.
 *
 * It runs at the store's pace and waits for no reader, so it ends soon; whoever takes longer goes on by itself.
 */
export class FeedSnapshot<Message> {
  /** Taken before the first part was read: what changed since is told after the last part. */
  readonly position: FeedPosition;
  readonly parts: Message[] = [];
  readonly #source: AsyncIterable<readonly Revocation[]>;
  #state: 'reading' | 'whole' | 'failed' = 'reading';

  private constructor(position: FeedPosition, source: AsyncIterable<readonly Revocation[]>) {
    this.position = position;
    this.#source = source;
  }

  static async begin<Message>(source: FeedSource): Promise<FeedSnapshot<Message>> {
    const { position, parts } = await source.snapshot();
    return new FeedSnapshot(position, parts);
  }

  get isWhole(): boolean {
    return this.#state === 'whole';
  }

  /** It will never be whole: those who read it need another. */
  get hasFailed(): boolean {
    return this.#state === 'failed';
  }

  /** Reads it to its end; `progressed` is called whenever there is a new part, or it has failed. Never rejects. */
  async read(encode: EncodePart<Message>, progressed: () => void): Promise<void> {
    // Which part is the last is known only once there is no other: each is held back until then.
    let held: readonly Revocation[] | undefined;
    const add = (revocations: readonly Revocation[], last: boolean): void => {
      this.parts.push(encode(this.position, revocations, { number: this.parts.length + 1, last }));
      if (last) this.#state = 'whole';
      progressed();
    };
    try {
      for await (const part of this.#source) {
        if (this.hasFailed) return;
        if (held !== undefined) add(held, false);
        held = part;
      }
      if (!this.hasFailed) add(held ?? [], true);
    } catch {
      this.abandon();
      progressed();
    }
  }

  /** Ends the reading: it is of no use any more. */
  abandon(): void {
    if (this.#state === 'reading') this.#state = 'failed';
  }
}
