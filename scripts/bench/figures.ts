import { median } from './rounds.js';

/** Something measured: its median over the rounds, and how far they lie apart. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** A bar, and how far what was measured got: the first number has to be reached, the second is what we are after. */
export interface Verdict {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly lowest: number;
  readonly highest: number;
  readonly sense: 'at least' | 'at most';
  readonly first: number;
  readonly wanted: number;
  readonly met: 'both' | 'first' | 'no';
}

/** What a section of the benchmark found. */
export interface Findings {
  readonly figures: readonly Figure[];
  readonly verdicts: readonly Verdict[];
  /** What the reader has to know to read the figures right. */
  readonly notes?: readonly string[];
}

export const figure = (name: string, unit: string, values: readonly number[]): Figure => ({
  name,
  unit,
  median: median(values),
  lowest: Math.min(...values),
  highest: Math.max(...values),
});

/** Holds a value, or the median of several, against its bar. One without a second number has the first for both. */
export function verdict(
  name: string,
  unit: string,
  values: readonly number[],
  [sense, first, wanted = first]: readonly ['at least' | 'at most', number, number?],
): Verdict {
  const { median: value, lowest, highest } = figure(name, unit, values);
  const reaches = (bar: number): boolean => (sense === 'at least' ? value >= bar : value <= bar);
  const met = reaches(wanted) ? 'both' : reaches(first) ? 'first' : 'no';
  return { name, unit, value, lowest, highest, sense, first, wanted, met };
}
