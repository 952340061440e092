import { type RowResult, runRow } from './row.js';
import { ROWS } from './rows/index.js';
import type { Target } from './target.js';

/** How many of each. */
export interface Count {
  readonly pass: number;
  readonly fail: number;
  readonly skipped: number;
}

const MARKS: Readonly<Record<RowResult['verdict'], string>> = { pass: 'pass', fail: 'FAIL', skipped: '-' };

/** Runs every row of these against a target, one after the other, and tells each as it comes. */
export async function runMatrix(
  target: Target,
  options: { readonly only?: RegExp; readonly tell?: (result: RowResult) => void } = {},
): Promise<readonly RowResult[]> {
  const results: RowResult[] = [];
  for (const row of ROWS) {
    if (options.only !== undefined && !options.only.test(row.id)) continue;
    const result = await runRow(row, target);
    options.tell?.(result);
    results.push(result);
  }
  return results;
}

export const countOf = (results: readonly RowResult[]): Count => ({
  pass: results.filter(({ verdict }) => verdict === 'pass').length,
  fail: results.filter(({ verdict }) => verdict === 'fail').length,
  skipped: results.filter(({ verdict }) => verdict === 'skipped').length,
});

export const countLine = ({ pass, fail, skipped }: Count): string =>
  `${pass + fail + skipped} rows: ${pass} passed, ${fail} failed, ${skipped} not run`;

/** One result as a line for people. */
export function lineOf({ row, verdict, answered }: RowResult): string {
  const told = verdict === 'skipped' ? `not run: ${answered}` : answered;
  return [
    row.id.padEnd(5),
    MARKS[verdict].padEnd(5),
    row.what.padEnd(58),
    row.expect.says,
    `-> ${told}`,
  ].join(' ');
}
