/** One piece of text for another, in one file. */
export interface Edit {
  /** Must be there exactly once, or the mutant is out of date. */
  readonly find: string;
  readonly replace: string;
}

/** A deliberate fault: what somebody might do to the source some day, and the tests that must not let it pass. */
export interface Mutant {
  /** What is wrong with the source now. */
  readonly fault: string;
  readonly file: string;
  readonly edits: readonly Edit[];
  /** The spec files that are run, without `test/` and `.test.ts`. */
  readonly specs: readonly string[];
  /** Parts of the names of tests; each must fail. */
  readonly killedBy: readonly string[];
}

/** The most common kind: one piece of text in one file. */
export const mutant = (
  fault: string,
  file: string,
  [find, replace]: readonly [find: string, replace: string],
  specs: readonly string[],
  killedBy: readonly string[],
): Mutant => ({ fault, file, edits: [{ find, replace }], specs, killedBy });

/** The text with the edits made; fails where one does not apply exactly once. */
export function mutated(text: string, { fault, file, edits }: Mutant): string {
  return edits.reduce((before, { find, replace }) => {
    const found = before.split(find).length - 1;
    if (found !== 1)
      throw new Error(`"${fault}" is out of date: ${file} has its text ${found} times, not once`);
    return before.replace(find, () => replace);
  }, text);
}
