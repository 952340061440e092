import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Random } from '../../test/faults/random.js';
import { type Comparison, compare } from './statistics.js';
import { DESCRIPTIONS, KINDS, type Kind } from './subjects.js';

/** One kind of refusal beside that of a client that never was. */
export interface Finding {
  readonly where: string;
  readonly kind: Kind;
  readonly comparison: Comparison;
  readonly mustBe: string;
  readonly holds: boolean;
}

const MOST_OVER_LOOPBACK_MICROS = 50;
const MOST_IN_PROCESS_MICROS = 20;
const MOST_IN_PROCESS_SHARE = 0.02;

/** Compares every kind with the first, round by round. */
export function findings(
  where: string,
  times: Readonly<Record<Kind, readonly number[]>>,
  random: Random,
): readonly Finding[] {
  return KINDS.filter((kind) => kind !== 'unknown').map((kind) => {
    const comparison = compare(times[kind], times.unknown, random.next);
    return { where, kind, comparison, ...judged(where, comparison) };
  });
}

function judged(where: string, { difference, interval, otherMedian }: Comparison) {
  if (where === 'in process') {
    const holds =
      Math.abs(difference) <= Math.max(MOST_IN_PROCESS_MICROS, otherMedian * MOST_IN_PROCESS_SHARE);
    return { holds, mustBe: `within ±${MOST_IN_PROCESS_MICROS} µs` };
  }
  const holds = interval.every((end) => Math.abs(end) <= MOST_OVER_LOOPBACK_MICROS);
  return { holds, mustBe: `interval within ±${MOST_OVER_LOOPBACK_MICROS} µs` };
}

export const lineOf = (finding: Finding): string =>
  `${finding.holds ? 'ok  ' : 'FAIL'} ${cells(finding).join(' · ')}`;

function cells({ where, kind, comparison, mustBe }: Finding): readonly string[] {
  const { median, otherMedian, difference, interval, p } = comparison;
  return [
    where,
    DESCRIPTIONS[kind],
    `${median.toFixed(1)} µs`,
    `${otherMedian.toFixed(1)} µs`,
    `${signed(difference)} µs`,
    `${signed(interval[0])} to ${signed(interval[1])} µs`,
    p < 0.001 ? '< 0.001' : p.toFixed(3),
    mustBe,
  ];
}

const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(2)}`;

/** Writes what was found as Markdown, with date, seed and machine. */
export function writeReport(
  file: string,
  {
    seed,
    rounds,
    found,
  }: { readonly seed: number; readonly rounds: number; readonly found: readonly Finding[] },
): void {
  const date = new Date().toISOString().slice(0, 10);
  const [cpu] = cpus();
  const lines = [
    '# Whether the time of a refusal tells what is the matter with a client',
    '',
    `Written by \`npm run timing -- --rounds ${rounds} --seed ${seed} --report FILE\` on ${date}, Node ${process.version}, ${cpus().length} cores of`,
    `${cpu?.model ?? 'an unknown processor'}, which others used too.`,
    '',
    'Every kind of credential that is refused as `invalid_client`, beside an id that never was. Each round asks once with',
    `each kind, in random order: ${rounds} rounds in process (the use-case alone, on the embedded store) and at each door`,
    '(a real server on a real Redis, asked over loopback by a client that writes prepared bytes). Rounds come from ever new',
    'addresses, so that no throttle answers in place of the check. "Difference" is the median of the differences within',
    'the rounds; the interval holds it 95 times of 100 (percentile bootstrap, 2000 resamples); p is that of the Wilcoxon',
    'signed-rank test, two-sided. So many rounds find a difference of a microsecond or two: Redis says more of a client',
    'that is there than of one that is not, and more still of one that is revoked. No network shows that, and nobody is let',
    'ask so often from one address; so the interval is what is judged.',
    '',
    '| where | refused | median | of an unknown client | difference | 95 of 100 | p | must be | holds |',
    '|---|---|---|---|---|---|---|---|---|',
    ...found.map((finding) => `| ${cells(finding).join(' | ')} | ${finding.holds ? 'yes' : 'NO'} |`),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
}
