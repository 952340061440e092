import type { Generation } from '../../domain/ids.js';
import type { RevocationMark } from '../../domain/revocation.js';

/** How a client stands. */
export interface Standing {
  readonly generation: Generation;
  readonly mark: RevocationMark | undefined;
}

const NEVER_REVOKED: Standing = { generation: 0 as Generation, mark: undefined };

/**
 * Reads a value of the standing hash: the generation, and after a blank the mark where there is one, as the scripts
 * write it: `{"t":ms,"b":"by whom","r":"why"}`. Null, no value, is a client that was never revoked.
 */
export function standingFromText(text: string | null): Standing {
  if (text === null) return NEVER_REVOKED;
  const generation = generationFromText(text);
  const blank = text.indexOf(' ');
  if (blank < 0) return { generation, mark: undefined };
  return { generation, mark: markFromText(text.slice(blank + 1)) };
}

function markFromText(text: string): RevocationMark {
  const { t, b, r } = JSON.parse(text) as { t?: unknown; b?: unknown; r?: unknown };
  if (typeof t !== 'number' || typeof b !== 'string' || typeof r !== 'string') throw damaged();
  return { timeMs: t, by: b, reason: r };
}

/**
 * The generation alone, for those who do not care about the mark. Fails with an `Error` on what the scripts did not
 * write: no token is older than `NaN`, so a damaged generation must not be compared with any.
 */
export function generationFromText(text: string | null): Generation {
  if (text === null) return 0 as Generation;
  const generation = Number(/^(\d{1,16})(?: |$)/.exec(text)?.[1]);
  if (!Number.isSafeInteger(generation)) throw damaged();
  return generation as Generation;
}

const damaged = (): Error => new Error('where a client stands is damaged in Redis');

/** The part of a mark that the server knows; the script puts Redis's time in front. */
export const markToText = (mark: Omit<RevocationMark, 'timeMs'>): string =>
  JSON.stringify({ b: mark.by, r: mark.reason });
