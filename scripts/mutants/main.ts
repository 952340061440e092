// Puts deliberate faults into a copy of the source, one at a time, and sees that the tests named for each notice.
// Usage: npm run mutants [-- --only PATTERN] [--list] [--verbose]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTANTS } from './list/index.js';
import { type Mutant, mutated } from './mutant.js';
import { type Outcome, runSpecs } from './run-specs.js';
import { makeScratchTree, type ScratchTree } from './scratch-tree.js';

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, list: { type: 'boolean' }, verbose: { type: 'boolean' } },
});
const chosen = MUTANTS.filter(({ fault, file }) => new RegExp(options.only ?? '').test(`${fault} ${file}`));

const ATTEMPTS = 3;

if (options.list) for (const { fault, file } of chosen) console.log(`${fault} (${file})`);
else process.exitCode = await runAll();

async function runAll(): Promise<number> {
  const tree = makeScratchTree(fileURLToPath(new URL('../../', import.meta.url)));
  try {
    for (const one of chosen) mutated(readFileSync(join(tree.directory, one.file), 'utf8'), one);
    await requireSound(tree);
    const failures: string[] = [];
    console.log('\n| fault | file | caught by |\n|---|---|---|');
    for (const one of chosen) {
      const outcome = await tree.withText(
        one.file,
        (text) => mutated(text, one),
        () => runNamed(tree, one),
      );
      const verdict = verdictOn(one, outcome);
      console.log(`| ${one.fault} | \`${one.file}\` | ${verdict.text} |`);
      if (!verdict.isCaught) failures.push(one.fault);
    }
    console.log(
      `\n${chosen.length - failures.length} of ${chosen.length} faults caught by the tests named for them`,
    );
    return failures.length === 0 && chosen.length > 0 ? 0 : 1;
  } finally {
    tree.remove();
  }
}

/** Runs the specs of a fault, again where a hook that failed on a busy machine kept a named test from running at all. */
async function runNamed(tree: ScratchTree, { specs, killedBy }: Mutant): Promise<Outcome | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await runSpecs(tree.directory, specs);
    const ran = [...(outcome?.passed ?? []), ...(outcome?.failed ?? [])];
    const isSettled = killedBy.every((name) => ran.some((title) => title.includes(name)));
    if (isSettled || attempt === ATTEMPTS) return outcome;
  }
}

/** A test that fails anyway notices nothing, and one by a name that has changed is none. */
async function requireSound(tree: ScratchTree): Promise<void> {
  const specs = [...new Set(chosen.flatMap((one) => one.specs))].sort();
  console.log(`${chosen.length} faults; first the ${specs.length} specs without any`);
  const outcome = await runSpecs(tree.directory, specs);
  if (outcome === undefined || outcome.failed.length > 0) {
    throw new Error(`the specs fail by themselves: ${outcome?.failed.join('; ') ?? 'no report'}`);
  }
  for (const { fault, killedBy } of chosen) {
    const unknown = killedBy.filter((name) => !outcome.passed.some((title) => title.includes(name)));
    if (unknown.length > 0)
      throw new Error(`"${fault}" names tests that are not there: ${unknown.join('; ')}`);
  }
}

function verdictOn(
  one: Mutant,
  outcome: Outcome | undefined,
): { readonly isCaught: boolean; readonly text: string } {
  if (outcome === undefined) return { isCaught: false, text: 'NO REPORT: the run broke down or never ended' };
  if (options.verbose) for (const title of outcome.failed) console.log(`    failed: ${title}`);
  const silent = one.killedBy.filter((name) => !outcome.failed.some((title) => title.includes(name)));
  const isCaught = silent.length === 0 && one.killedBy.length > 0;
  if (isCaught) return { isCaught, text: one.killedBy.join('; ') };
  return { isCaught, text: outcome.failed.length === 0 ? 'SURVIVED' : `NOT by: ${silent.join('; ')}` };
}
