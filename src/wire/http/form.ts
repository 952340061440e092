import { isUtf8 } from 'node:buffer';
import { invalidRequest } from '../../domain/errors.js';

/** The parameters of one request: each recognised one that had a value. */
export interface Form<Name extends string> {
  /** Empty when left out; one without a value counts as left out (RFC 6749 section 3.2). */
  one(name: Name): string;
  /** Every value of one that may repeat, in order. */
  all(name: Name): readonly string[];
}

/** Which parameters an endpoint knows. */
export interface FormShape<Name extends string> {
  readonly names: readonly Name[];
  readonly repeatable?: readonly Name[];
}

/** Reads a body by its shape; fails with `invalid_request`. */
export type ReadForm<Name extends string> = (body: Buffer) => Form<Name>;

/** More than any honest request has; refused before the rest is looked at. */
export const MAX_PARAMETERS = 64;

/**
 * Reads `application/x-www-form-urlencoded` as RFC 6749 appendix B means it: UTF-8, `+` and `%XX`.
 *
 * What cannot be read one way only is refused: a malformed escape, broken UTF-8, or a recognised parameter that is
 * there twice, be it without a value, since a proxy before this server may have looked at the other one (parameter
 * pollution). Unrecognised parameters are ignored, even twice (section 3.2). Names go into a Map, never into an object:
 * `__proto__` is a parameter like any other.
 */
export function makeReadForm<Name extends string>(shape: FormShape<Name>): ReadForm<Name> {
  const recognised: ReadonlySet<string> = new Set(shape.names);
  const repeatable: ReadonlySet<string> = new Set(shape.repeatable);

  return (body) => {
    if (!isUtf8(body)) throw malformed();
    const seen = new Set<string>();
    const values = new Map<string, string[]>();
    for (const [name, value] of pairsOf(body.toString('utf8'))) {
      if (!recognised.has(name)) continue;
      if (seen.has(name) && !repeatable.has(name)) throw invalidRequest('A parameter is there twice.');
      seen.add(name);
      if (value === '') continue;
      const before = values.get(name);
      if (before === undefined) values.set(name, [value]);
      else before.push(value);
    }
    return {
      one: (name) => values.get(name)?.[0] ?? '',
      all: (name) => values.get(name) ?? [],
    };
  };
}

/** The decoded pairs of a form or a query, in order; empty pieces between `&` are none. */
export function pairsOf(text: string): readonly (readonly [name: string, value: string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf('&', start);
    const end = next === -1 ? text.length : next;
    if (end > start) {
      if (pairs.length === MAX_PARAMETERS)
        throw invalidRequest(`There are more than ${MAX_PARAMETERS} parameters.`);
      const piece = text.slice(start, end);
      const equals = piece.indexOf('=');
      pairs.push(
        equals === -1
          ? [decoded(piece), '']
          : [decoded(piece.slice(0, equals)), decoded(piece.slice(equals + 1))],
      );
    }
    start = end + 1;
  }
  return pairs;
}

/** `decodeURIComponent` is as strict as this must be: it refuses bad escapes and what is not UTF-8. */
function decoded(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw malformed();
  }
}

const malformed = () => invalidRequest('The parameters are not well-formed form encoding in UTF-8.');
