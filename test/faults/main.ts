/**
 * Does harm to the built service and judges what it said meanwhile.
 *
 * Usage: npm run faults [-- --only NAME] [--seed N] [--quick] [--report FILE]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkTestimony, DEFAULT_GROWTH_MB } from './checker.js';
import { writeReport } from './report.js';
import { atLeast, atMost, type Scenario, type ScenarioResult } from './scenario.js';
import { SCENARIOS } from './scenarios/index.js';
import { Witness } from './witness.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    quick: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
});
const seed = Number(values.seed);
const chosen = SCENARIOS.filter(({ name, inQuickSet }) =>
  values.only === undefined ? !values.quick || inQuickSet : name.includes(values.only),
);
if (chosen.length === 0) {
  console.error(`no such scenario; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const results: { scenario: Scenario; result: ScenarioResult; seconds: number }[] = [];
console.log(`seed ${seed}`);
for (const scenario of chosen) {
  console.log(`\n${scenario.name}: ${scenario.what}`);
  const began = performance.now();
  const witness = new Witness();
  const result = withTestimony(scenario, await attempt(scenario, witness), witness);
  const seconds = (performance.now() - began) / 1000;
  for (const { what, seen, mustBe, holds } of result.figures) {
    console.log(`  ${holds ? 'ok  ' : 'FAIL'} ${what}: ${seen}${mustBe === '' ? '' : ` (${mustBe})`}`);
  }
  for (const { invariant, what } of result.violations.slice(0, 10))
    console.log(`  FAIL ${invariant}: ${what}`);
  if (result.violations.length === 0) console.log('  ok   no promise was broken');
  else keep(scenario, result);
  results.push({ scenario, result, seconds });
}

if (values.report !== undefined) writeReport(values.report, seed, results);
const broken = results.filter(
  ({ result }) => result.violations.length > 0 || result.figures.some(({ holds }) => !holds),
);
console.log(`\n${results.length - broken.length} of ${results.length} scenarios hold (seed ${seed})`);
process.exit(broken.length === 0 ? 0 : 1);

/** A scenario that cannot be carried out to its end does not hold, and keeps no other from being tried. */
async function attempt(scenario: Scenario, witness: Witness): Promise<ScenarioResult> {
  try {
    return await scenario.run({
      seed,
      quick: values.quick,
      witness,
      progress: (text) => console.log(`  ${text}`),
    });
  } catch (error) {
    const seen = String(error instanceof Error ? error.message : error).slice(0, 500);
    console.log(error);
    return { figures: [{ what: 'carried out', seen, mustBe: 'to the end', holds: false }], violations: [] };
  }
}

/** Adds what was seen besides the calls, and the judgement on it: of every scenario alike. */
function withTestimony(scenario: Scenario, result: ScenarioResult, witness: Witness): ScenarioResult {
  const { mostGrowthMb = DEFAULT_GROWTH_MB } = scenario;
  const testimony = witness.testify();
  const { memory, leaks, looked } = testimony;
  const growths = memory.map(({ beganMb, mostMb }) => mostMb - beganMb);
  return {
    figures: [
      ...result.figures,
      atLeast('servers whose memory and words were watched', memory.length, 1),
      atMost('memory of a server, beyond what it began with', Math.max(0, ...growths), mostGrowthMb, ' MB'),
      atMost(`found of ${looked}`, leaks.length, 0),
    ],
    violations: [...result.violations, ...checkTestimony(testimony, mostGrowthMb)],
  };
}

/** Keeps what shows a violation, so that it can be looked at after the run. */
function keep(scenario: Scenario, result: ScenarioResult): void {
  mkdirSync('.tmp/faults', { recursive: true });
  const file = `.tmp/faults/${scenario.name}-${seed}.json`;
  writeFileSync(file, JSON.stringify(result.violations, null, 1));
  console.log(`  the history is in ${file}`);
}
