import type { AuditEvent } from '../wire/gen/countersign/v1/audit_service.js';
import { instant, printable } from './printable.js';
import { table } from './table.js';

const HEADINGS = ['TIME', 'ACTION', 'TARGET', 'ACTOR', 'FROM', 'REASON'];

const cells = (event: AuditEvent): readonly string[] => [
  instant(event.time),
  event.action,
  event.target,
  event.actor,
  event.sourceAddress || '-',
  event.reason || '-',
];

/** Events as people read them, one on each line. */
export const auditTable = (events: readonly AuditEvent[], colour: boolean): string =>
  table(HEADINGS, events.map(cells), colour);

/** One event as a line of a stream, which knows nothing of the widths to come. */
export const auditLine = (event: AuditEvent): string => `${cells(event).map(printable).join('  ')}\n`;

/** What an event changed: each field that is not as before, indented under its event. */
export function changesText({ before, after }: AuditEvent): string {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
  return names
    .map((name) => [name, show(before?.[name]), show(after?.[name])] as const)
    .filter(([, was, is]) => was !== is)
    .map(([name, was, is]) => `    ${printable(`${name}: ${was} -> ${is}`)}\n`)
    .join('');
}
