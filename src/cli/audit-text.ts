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

/** Events as people read them, one on each line, with what each changed below it where that is wanted. */
export function auditTable(events: readonly AuditEvent[], colour: boolean, withChanges: boolean): string {
  const [headings = '', ...lines] = table(HEADINGS, events.map(cells), colour).trimEnd().split('\n');
  const below = (at: number): string => {
    const event = events[at];
    return withChanges && event !== undefined ? changesText(event) : '';
  };
  return `${headings}\n${lines.map((line, at) => `${line}\n${below(at)}`).join('')}`;
}

/** One event as a line of a stream, which knows nothing of the widths to come. */
export const auditLine = (event: AuditEvent): string => `${cells(event).map(printable).join('  ')}\n`;

/** What an event changed: each field that is not as before, indented under its event. */
export function changesText({ before, after }: AuditEvent): string {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .map((name) => [name, shown(before?.[name]), shown(after?.[name])] as const)
    .filter(([, was, is]) => was !== is)
    .map(([name, was, is]) => `    ${printable(`${name}: ${was} -> ${is}`)}\n`)
    .join('');
}

/** An empty value is no news beside one that was never there. */
const shown = (value: unknown): string => {
  const text = JSON.stringify(value ?? null);
  return /^(?:null|false|0|""|\[\]|\{\})$/.test(text) ? 'none' : text;
};
