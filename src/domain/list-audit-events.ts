import type { GuardedUseCase } from './call.js';
import { invalidRequest } from './errors.js';
import type { AuditEvent, AuditTrail } from './ports.js';
import { pageSizeFrom } from './read-client.js';

export interface AuditPage {
  /** Newest first. */
  readonly events: readonly AuditEvent[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
}

export type ListAuditEvents = GuardedUseCase<
  { readonly pageSize: number; readonly pageToken: string },
  AuditPage
>;

const EVENT_ID = /^[0-9]{1,20}-[0-9]{1,20}$/;

/** As JSON. What a door makes of it is at most about twice as long, and an answer may have 1 MiB. */
const MAX_PAGE_CHARACTERS = 400 * 1024;

/** Lists the trail, newest first. A page is cut short where its events are long. Fails with `invalid_request`. */
export const makeListAuditEvents =
  ({ audit }: { audit: AuditTrail }): ListAuditEvents =>
  async ({ pageSize, pageToken }) => {
    const size = pageSizeFrom(pageSize);
    const before = pageToken === '' ? undefined : eventIdFrom('page_token', pageToken);
    const found = await audit.list({ limit: size + 1, ...(before === undefined ? {} : { before }) });
    const events = thatFit(found.slice(0, size));
    const last = events.at(-1);
    return {
      events,
      nextPageToken: found.length > events.length && last !== undefined ? last.eventId : '',
    };
  };

/** Checks the place of an event as a caller gave it. Fails with `invalid_request`. */
export function eventIdFrom(field: string, text: string): string {
  if (!EVENT_ID.test(text)) throw invalidRequest(`${field} is not one of ours`);
  return text;
}

/** The first events, as many as fit one answer, and at least one. */
function thatFit(events: readonly AuditEvent[]): readonly AuditEvent[] {
  let characters = 0;
  const end = events.findIndex((event, index) => {
    characters += JSON.stringify(event).length;
    return index > 0 && characters > MAX_PAGE_CHARACTERS;
  });
  return end < 0 ? events : events.slice(0, end);
}
