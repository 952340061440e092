import { readFileSync } from 'node:fs';

/** One case of an official vector file; which fields there are depends on the file. */
export interface Vector {
  readonly name: string;
  readonly 'expect-fail': boolean;
  readonly [field: string]: unknown;
}

/** The cases of an official vector file in `vectors/`. */
export function vectorsOf(file: string): readonly Vector[] {
  const text = readFileSync(new URL(`./vectors/${file}.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { tests: Vector[] }).tests;
}

/** The text in a vector's field; fails where there is none. */
export function textIn(vector: Vector, field: string): string {
  const value = vector[field];
  if (typeof value !== 'string') throw new Error(`The vector ${vector.name} has no ${field}.`);
  return value;
}
