import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Figure } from '../faults/scenario.js';
import type { Standing } from './standing.js';
import type { StretchResult } from './stretch.js';

/** What was held after so many calls, while nobody called. */
export interface Sample {
  readonly calls: number;
  readonly minutes: number;
  readonly servers: readonly Standing[];
  readonly redisConnections: number;
  /** The stretch before it; undefined at the very beginning. */
  readonly stretch: StretchResult | undefined;
}

export interface SoakRun {
  readonly seed: number;
  readonly command: string;
  readonly perSecond: number;
  readonly capacity: number;
  readonly samples: readonly Sample[];
  readonly figures: readonly Figure[];
}

/** Writes a run as Markdown, with its date and seed. */
export function writeReport(
  file: string,
  { seed, command, perSecond, capacity, samples, figures }: SoakRun,
): void {
  const [cpu] = cpus();
  const harms = new Map<string, number>();
  for (const { stretch } of samples) {
    for (const [name, count] of stretch?.harms ?? []) harms.set(name, (harms.get(name) ?? 0) + count);
  }
  const streams = samples.reduce((sum, { stretch }) => sum + (stretch?.streams ?? 0), 0);
  const last = samples.at(-1);
  const lines = [
    '# Two servers under load for long',
    '',
    `Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)}, seed ${seed}, Node ${process.version}, on ${cpus().length} cores of`,
    `${cpu?.model ?? 'an unknown processor'}, which servers, Redis and callers shared.`,
    '',
    `${last?.calls ?? 0} calls in ${(last?.minutes ?? 0).toFixed(1)} minutes: ${perSecond} a second, where ${capacity} went while callers did not hold back. They were`,
    'made at both doors of two servers on one Redis: introspection, issuing, revocation of tokens and clients, rotation of',
    `secrets. Signing keys changed by themselves every minute; ${streams} feed streams came and went. Meanwhile there were:`,
    '',
    ...[...harms].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => `- ${name}: ${count} times`),
    '',
    '| what | seen | must be | holds |',
    '|---|---|---|---|',
    ...figures.map(
      ({ what, seen, mustBe, holds }) => `| ${what} | ${seen} | ${mustBe} | ${holds ? 'yes' : 'NO'} |`,
    ),
    '',
    '## The course of it',
    '',
    'Taken while nobody called, after garbage was collected; for both servers. "Unknown" are calls that were answered',
    '`UNAVAILABLE` or lost their connection, as is due where the store or the caller is in trouble.',
    '',
    `| calls | minutes | resident MB | heap MB | buffers MB | descriptors | timers | Redis connections | a second | p99 ms | unknown |`,
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...samples.map(rowOf),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
}

function rowOf({ calls, minutes, servers, redisConnections, stretch }: Sample): string {
  const both = (value: (standing: Standing) => number, digits = 0): string =>
    servers.map((standing) => value(standing).toFixed(digits)).join(' · ');
  const cells = [
    calls,
    minutes.toFixed(1),
    both(({ residentMb }) => residentMb),
    both(({ heapMb }) => heapMb, 1),
    both(({ externalMb }) => externalMb, 1),
    both(({ descriptors }) => descriptors),
    both(({ timers }) => timers),
    redisConnections,
    stretch === undefined ? '' : Math.round(stretch.calls / stretch.seconds),
    stretch?.p99Ms ?? '',
    stretch?.unknown ?? '',
  ];
  return `| ${cells.join(' | ')} |`;
}
