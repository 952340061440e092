import type { Command } from 'commander';
import {
  type AuditEvent,
  AuditServiceService,
  type WatchAuditEventsResponse,
} from '../../wire/gen/countersign/v1/audit_service.js';
import { auditLine, auditTable, changesText } from '../audit-text.js';
import { follow } from '../follow.js';
import type { Run } from '../host.js';
import type { Service } from '../service.js';
import { type RemoteSession, remote } from '../session.js';
import { wholeNumber } from '../values.js';
import { auditView } from '../views.js';

interface Filter {
  readonly actor?: string;
  readonly target?: string;
  readonly action?: string;
}

interface AuditOptions extends Filter {
  readonly limit?: number;
  readonly changes?: boolean;
}

const PAGE_SIZE = 500;

/** `audit list` and `audit tail`: who did what, to whom, from where. */
export function addAuditCommands(run: Run, program: Command): void {
  const audit = program.command('audit').description('the trail of administrative acts');

  const list = withFilter(audit.command('list').description('list acts, newest first')).option(
    '--limit <n>',
    'at most this many (default: 50)',
    wholeNumber(1, 1_000_000),
  );
  remote<AuditOptions>(run, list, async ({ service, out }, options) => {
    const { events } = await listEvents(service, options.limit ?? 50, options);
    out.document({ events: events.map(auditView) }, () =>
      auditTable(events, out.colour, options.changes ?? false),
    );
  });

  const tail = withFilter(
    audit.command('tail').description('follow acts as they happen, until interrupted'),
  ).option('-n, --limit <n>', 'begin with this many of the latest (default: 10)', wholeNumber(0, 10_000));
  remote<AuditOptions>(run, tail, tailEvents);
}

const withFilter = (command: Command): Command =>
  command
    .option('--actor <client-id>', 'only acts by this client')
    .option('--target <id>', 'only acts on this client, token or key')
    .option('--action <name>', 'only such acts, named as the RPC, such as RevokeClient')
    .option('--changes', 'show what each act changed');

const matches = (event: AuditEvent, { actor, target, action }: Filter): boolean =>
  (actor === undefined || event.actor === actor) &&
  (target === undefined || event.target === target) &&
  (action === undefined || event.action === action);

/** The newest events that match, newest first, as far back as the trail reaches; and the newest event of all. */
async function listEvents(
  service: Service,
  limit: number,
  filter: Filter,
): Promise<{ readonly events: readonly AuditEvent[]; readonly newestId: string }> {
  const events: AuditEvent[] = [];
  let newestId: string | undefined;
  let pageToken = '';
  do {
    const request = { pageSize: Math.min(PAGE_SIZE, Math.max(limit, 1)), pageToken };
    const page = await service.call(AuditServiceService.listAuditEvents, request);
    newestId ??= page.events[0]?.eventId ?? '';
    events.push(...page.events.filter((event) => matches(event, filter)));
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && events.length < limit);
  return { events: events.slice(0, limit), newestId };
}

async function tailEvents(session: RemoteSession, options: AuditOptions): Promise<void> {
  const { service, out } = session;
  const show = (event: AuditEvent): void =>
    out.line(auditView(event), () => auditLine(event) + (options.changes ? changesText(event) : ''));

  const { events, newestId } = await listEvents(service, options.limit ?? 10, options);
  for (const event of [...events].reverse()) show(event);

  let last = newestId;
  await follow<WatchAuditEventsResponse>(session, {
    open: () => service.stream(AuditServiceService.watchAuditEvents, { afterEventId: last }),
    receive: ({ event }) => {
      if (event === undefined) return false;
      last = event.eventId;
      if (matches(event, options)) show(event);
      return false;
    },
  });
}
