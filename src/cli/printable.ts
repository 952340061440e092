/**
 * Text that cannot act on a terminal: control characters and those that reorder a line are shown as escapes. Names and
 * reasons are written by other people, and a log of attacks is no place to be attacked from.
 */
export const printable = (text: string): string =>
  text.replace(
    /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** An instant as people read it: UTC, whole seconds. `-` when there is none. */
export const instant = (time: Date | undefined): string =>
  time === undefined || Number.isNaN(time.getTime())
    ? '-'
    : `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`;

/** An instant as scripts read it: RFC 3339, or null when there is none. */
export const isoOrNull = (time: Date | undefined): string | null =>
  time === undefined || Number.isNaN(time.getTime()) ? null : time.toISOString();

/** A list as people read it. */
export const words = (list: readonly string[]): string => (list.length === 0 ? '-' : list.join(' '));
