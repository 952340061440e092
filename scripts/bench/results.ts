import type { Figure, Findings, Verdict } from './figures.js';

/** All that a run found, as it is kept. */
export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly command: string;
  readonly sections: Readonly<Record<string, Findings>>;
}

const TITLES: Readonly<Record<string, string>> = {
  start: 'Start',
  issue: 'Issuing tokens',
  introspect: 'Introspection',
  verify: 'Verifying without the server',
  workers: 'Workers',
  feed: 'Revocation to verifier',
  growth: 'Growth',
  costs: 'What one of each takes',
  long: 'A long run',
};

const MET = { both: 'met', first: 'first met', no: '**not met**' } as const;

/** The bars and figures as text for a terminal. */
export function tableOf(results: Results): string {
  const lines = Object.entries(results.sections).flatMap(([name, { figures, verdicts, notes = [] }]) => [
    '',
    TITLES[name] ?? name,
    ...figures.map((one) => `  ${one.name.padEnd(64)} ${spread(one.median, one)} ${one.unit}`),
    ...verdicts.map(
      (one) =>
        `  ${one.name.padEnd(64)} ${spread(one.value, one)} ${one.unit}   ${barOf(one)}: ${MET[one.met].replaceAll('*', '')}`,
    ),
    ...notes.map((note) => `  (${note})`),
  ]);
  return [`${results.date}, ${results.machine}, ${results.command}`, ...lines].join('\n');
}

/** The same as Markdown, bars first. */
export function resultsDocument(results: Results): string {
  const sections = Object.entries(results.sections);
  const bars = sections.flatMap(([, { verdicts }]) => verdicts);
  return `${[
    '# What was measured',
    '',
    `${results.date}, ${results.machine}, \`${results.command}\`. Medians of interleaved rounds, with the lowest and`,
    'highest round in brackets; a ratio is taken within each round. All of it, load generator and Redis included, shares the',
    'two cores, so the ratios say more than the rates. This page is written by the command.',
    '',
    'Where the time goes that is missing to the bars, and what was tried: [PROFILE.md](PROFILE.md). What follows from it for',
    'sizing: [CAPACITY.md](../../CAPACITY.md).',
    '',
    '![Issuing tokens](results/issue.svg)',
    '',
    '![Introspection](results/introspect.svg)',
    '',
    ...barsTable(bars),
    ...sections.flatMap(([name, { figures, notes = [] }]) =>
      figures.length === 0
        ? []
        : [
            '',
            `## ${TITLES[name] ?? name}`,
            '',
            ...notes.flatMap((note) => [note, '']),
            '| | measured |',
            '|---|---:|',
            ...figures.map(figureRow),
          ],
    ),
  ].join('\n')}\n`;
}

const barsTable = (bars: readonly Verdict[]): readonly string[] => [
  '| bar | measured | first | wanted | |',
  '|---|---:|---:|---:|---|',
  ...bars.map(barRow),
];

/** What the README shows of a whole run. */
export function readmePart({ date, machine, command, sections }: Results): string {
  const bars = Object.values(sections).flatMap(({ verdicts }) => verdicts);
  return [`${date}, ${machine}, \`${command}\`:`, '', ...barsTable(bars)].join('\n');
}

const barRow = (one: Verdict): string =>
  `| ${one.name} | ${spread(one.value, one)} ${one.unit} | ${sign(one)} ${short(one.first)} | ${
    one.wanted === one.first ? '' : `${sign(one)} ${short(one.wanted)}`
  } | ${MET[one.met]} |`;

const figureRow = (one: Figure): string => `| ${one.name} | ${spread(one.median, one)} ${one.unit} |`;

const sign = ({ sense }: Verdict): string => (sense === 'at least' ? '≥' : '≤');

const barOf = (one: Verdict): string =>
  `${sign(one)} ${short(one.first)}${one.wanted === one.first ? '' : `, wanted ${short(one.wanted)}`}`;

const spread = (middle: number, { lowest, highest }: { lowest: number; highest: number }): string =>
  lowest === highest ? short(middle) : `${short(middle)} [${short(lowest)} – ${short(highest)}]`;

/** Three digits that count, and no more than are there. */
function short(value: number): string {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 }).replaceAll(',', ' ');
}
