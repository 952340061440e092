import { countOf } from '../matrix/report.js';
import type { Row, RowResult } from '../matrix/row.js';

/** A server and how each row went there; all have the same rows in the same order. */
export interface ServerResults {
  readonly name: string;
  readonly version: string;
  readonly results: readonly RowResult[];
}

/** What a row rests on: the RFC's own word, or our choice where it leaves one. */
const isOurs = ({ section }: Row): boolean => section.includes('ours');

const HEAD = `# The protocol matrix against other servers

A row passes when the answer is exactly the expected one. Where an RFC leaves the choice, that answer is
ours and a peer is not wrong to give another; those rows are counted apart. A row that needs what a server does not have (an
endpoint, a kind of client, an outage) is not run there.
`;

/** The results as Markdown, and the counts alone. */
export function resultsDocument(
  servers: readonly ServerResults[],
  when: Date,
): { readonly document: string; readonly counts: string } {
  const counts = [
    '| server | version | rows of an RFC: passed of run | our choices: passed of run | not run |',
    '|---|---|---|---|---|',
    ...servers.map(countsLine),
  ].join('\n');
  const titles = servers.map(({ name }) => name);
  const rows = (servers[0]?.results ?? []).map(({ row }, index) => {
    const cells = servers.map(({ results }) => cellOf(results[index]));
    return `| ${[row.id, row.section, row.what, row.expect.says, ...cells].map(escaped).join(' | ')} |`;
  });
  const document = [
    HEAD,
    `Run on ${when.toISOString().slice(0, 10)} with \`npm run matrix:peers\`, Node ${process.versions.node}.`,
    '',
    counts,
    '',
    `| row | section | case | expected | ${titles.join(' | ')} |`,
    `|---|---|---|---|${titles.map(() => '---').join('|')}|`,
    ...rows,
    '',
  ];
  return { document: document.join('\n'), counts };
}

function countsLine({ name, version, results }: ServerResults): string {
  const written = countOf(results.filter(({ row }) => !isOurs(row)));
  const ours = countOf(results.filter(({ row }) => isOurs(row)));
  const of = ({ pass, fail }: { pass: number; fail: number }) => `${pass} of ${pass + fail}`;
  return `| ${name} | ${version || 'this tree'} | ${of(written)} | ${of(ours)} | ${written.skipped + ours.skipped} |`;
}

function cellOf(result: RowResult | undefined): string {
  if (result === undefined || result.verdict === 'skipped') return '–';
  return result.verdict === 'pass' ? 'yes' : `no: ${result.answered.slice(0, 120)}`;
}

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
