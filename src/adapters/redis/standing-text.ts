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
  const mark = JSON.parse(text.slice(blank + 1)) as { t: number; b: string; r: string };
  return { generation, mark: { timeMs: mark.t, by: mark.b, reason: mark.r } };
}

/** The generation alone, for those who do not care about the mark. */
export function generationFromText(text: string | null): Generation {
  return (text === null ? 0 : Number.parseInt(text, 10)) as Generation;
}

/** The part of a mark that the server knows; the script puts Redis's time in front. */
export const markToText = (mark: Omit<RevocationMark, 'timeMs'>): string =>
  JSON.stringify({ b: mark.by, r: mark.reason });
