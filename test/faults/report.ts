import { writeFileSync } from 'node:fs';
import { ELSEWHERE } from './elsewhere.js';
import type { Scenario, ScenarioResult } from './scenario.js';

/** Writes a run's results as Markdown, with its date and seed. */
export function writeReport(
  file: string,
  seed: number,
  results: readonly {
    readonly scenario: Scenario;
    readonly result: ScenarioResult;
    readonly seconds: number;
  }[],
): void {
  const lines = [
    '# What was done to it, and what it did',
    '',
    `Written by \`npm run faults -- --report\` on ${new Date().toISOString().slice(0, 10)}, seed ${seed}, Node ${process.version}.`,
    '',
    'The lines are those of the plan of faults and abuse. A broken promise is one that the oracle finds in the record of',
    'every call, in the memory of every server, and in whatever a server wrote or answered: I1 to I8 of `checker.ts`. Figures',
    'of time are of a shared machine of two cores, and judged generously.',
    '',
    '| scenario | lines | done | seen | must be | holds |',
    '|---|---|---|---|---|---|',
  ];
  for (const { scenario, result, seconds } of results) {
    lines.push(
      `| **${scenario.name}** | ${scenario.covers.join(', ')} | ${scenario.what} | ${result.violations.length} broken promises in ${seconds.toFixed(0)} s | 0 | ${result.violations.length === 0 ? 'yes' : 'NO'} |`,
      ...result.figures.map(
        ({ what, seen, mustBe, holds }) => `| | | ${what} | ${seen} | ${mustBe} | ${holds ? 'yes' : 'NO'} |`,
      ),
    );
  }
  lines.push('', '## Lines that are held elsewhere', '', '| line | by |', '|---|---|');
  for (const [line, by] of Object.entries(ELSEWHERE)) lines.push(`| ${line} | ${by || 'nothing yet'} |`);
  writeFileSync(file, `${lines.join('\n')}\n`);
}
