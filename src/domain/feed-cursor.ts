import { invalidRequest } from './errors.js';
import type { FeedPosition } from './ports.js';

/**
 * A place in the feed as readers get it: `<epoch>:<sequence>`.
 *
 * Verifiers compare sequences to notice a gap, so this form is a promise (`WatchRevocationsResponse.cursor`).
 */
export const cursorOf = ({ epoch, sequence }: FeedPosition): string => `${epoch}:${sequence}`;

/** The cursor of a snapshot's part that is not the last: whoever resumes from it has no whole ledger yet. */
export const unfinishedCursorOf = (epoch: string): string => `${epoch}:-`;

const CURSOR = /^([A-Za-z0-9]{1,64}):(-|0|[1-9]\d{0,15})$/;

/**
 * The position that a reader resumes from; undefined for one that has to start with a snapshot. Whether the position
 * still can be resumed from is not asked here. Text that no server ever sent is `invalid_request`.
 */
export function positionFromCursor(cursor: string): FeedPosition | undefined {
  if (cursor === '') return undefined;
  const [, epoch, sequence] = CURSOR.exec(cursor) ?? [];
  if (epoch === undefined || (sequence !== '-' && !Number.isSafeInteger(Number(sequence)))) {
    throw invalidRequest('cursor must be empty or the cursor of an earlier message');
  }
  return sequence === '-' ? undefined : { epoch, sequence: Number(sequence) };
}
