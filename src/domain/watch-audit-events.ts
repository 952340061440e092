import { eventIdFrom } from './list-audit-events.js';
import type { AuditEvent, AuditTrail } from './ports.js';

/**
 * The events after the one named, or from now on where none is, as they happen. Ends only by throwing: the abort
 * reason, `invalid_request`, or `temporarily_unavailable` when the store is lost. Whether the caller may watch, and
 * still may, is the door's to ask by `admit`.
 */
export type WatchAuditEvents = (
  request: { readonly afterEventId: string },
  signal: AbortSignal,
) => AsyncIterable<AuditEvent>;

export const makeWatchAuditEvents =
  ({ audit }: { audit: AuditTrail }): WatchAuditEvents =>
  ({ afterEventId }, signal) =>
    audit.follow(afterEventId === '' ? undefined : eventIdFrom('after_event_id', afterEventId), signal);
