import type { Random } from '../faults/random.js';

/** Something that is sent input after input. */
export interface Target {
  readonly name: string;
  /** Which part of all inputs it gets, beside the others' shares. */
  readonly share: number;
  /** Sends so many inputs, and tells of each that was answered as none may be. */
  run(room: FuzzRoom): Promise<void>;
}

export interface FuzzRoom {
  readonly inputs: number;
  readonly random: Random;
  /** One input was sent, and answered after so long. */
  answered(tookMs: number): void;
  /** An input that broke a promise. */
  found(what: string, input: Uint8Array | string): void;
  /** For the report: how much of something there was. */
  note(what: string, count: number): void;
}

/** A promise that an input broke. */
export class Find extends Error {
  override readonly name = 'Find';
}

/** Fails with a {@link Find} unless it holds. */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Find(what);
}
