import type { Random } from '../faults/random.js';
import type { Target } from './target.js';

/** What came of a target. */
export interface Outcome {
  readonly inputs: number;
  /** In words, each with the input that did it. */
  readonly finds: readonly string[];
  readonly slowestMs: number;
  /** Of this process; a server's own is looked at by its target. */
  readonly grewMb: number;
  readonly notes: readonly string[];
}

/** Twice what is promised: this may share its machine with anything. */
const SLOWEST_MS = 2000;
const MOST_GROWTH_MB = 400;
/** Each of a kind is told so often. */
const TOLD = 3;

export async function runTarget(target: Target, inputs: number, random: Random): Promise<Outcome> {
  const before = memoryMb();
  const finds: string[] = [];
  const notes: string[] = [];
  const kinds = new Map<string, number>();
  let sent = 0;
  let slowestMs = 0;
  const found = (what: string, input: Uint8Array | string): void => {
    const known = (kinds.get(what) ?? 0) + 1;
    kinds.set(what, known);
    if (known <= TOLD)
      finds.push(
        `${what}: ${JSON.stringify(
          Buffer.from(input as string)
            .toString('latin1')
            .slice(0, 600),
        )}`,
      );
  };
  await target.run({
    inputs,
    random,
    found,
    answered: (tookMs) => {
      sent += 1;
      slowestMs = Math.max(slowestMs, tookMs);
    },
    note: (what, count) => notes.push(`${what} ${count}`),
  });
  const grewMb = memoryMb() - before;
  if (slowestMs > SLOWEST_MS) finds.push(`an answer took ${slowestMs.toFixed(0)} ms`);
  if (grewMb > MOST_GROWTH_MB) finds.push(`the process grew by ${grewMb.toFixed(0)} MB`);
  if (sent < inputs) finds.push(`only ${sent} of ${inputs} inputs were answered`);
  return { inputs: sent, finds, slowestMs, grewMb, notes };
}

const memoryMb = (): number => process.memoryUsage.rss() / 2 ** 20;
