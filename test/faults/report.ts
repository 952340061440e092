import { writeFileSync } from 'node:fs';
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
    '| scenario | done | seen | must be | holds |',
    '|---|---|---|---|---|',
  ];
  for (const { scenario, result, seconds } of results) {
    lines.push(
      `| ${scenario.name} | ${scenario.what} | ${result.violations.length} broken promises in ${seconds.toFixed(0)} s | 0 | ${result.violations.length === 0 ? 'yes' : 'NO'} |`,
      ...result.figures.map(
        ({ what, seen, mustBe, holds }) => `| | ${what} | ${seen} | ${mustBe} | ${holds ? 'yes' : 'NO'} |`,
      ),
    );
  }
  writeFileSync(file, `${lines.join('\n')}\n`);
}
