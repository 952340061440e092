// Sends inputs that nobody would to everything that reads what others wrote, and sees that every promise holds.
// Usage: npm run fuzz [-- --inputs N] [--smoke] [--seed N] [--only NAME]
import { parseArgs } from 'node:util';
import { randomFrom } from '../faults/random.js';
import { type Outcome, runTarget } from './run-target.js';
import { allTargets } from './targets/index.js';

const LONG = 1_000_000;
const SMOKE = 50_000;

const { values: options } = parseArgs({
  options: {
    inputs: { type: 'string' },
    smoke: { type: 'boolean' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
});
const inputs = Number(options.inputs ?? (options.smoke ? SMOKE : LONG));
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
const everyTarget = await allTargets();
const targets = everyTarget.filter(({ name }) => name.includes(options.only ?? ''));
if (targets.length === 0) {
  console.error(`no such target; there are: ${everyTarget.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const shares = targets.reduce((sum, { share }) => sum + share, 0);

console.log(`${inputs} inputs, seed ${seed}\n`);
console.log('| target | inputs | finds | slowest | memory grew | of note |\n|---|---|---|---|---|---|');
let failures = 0;
const finds: string[] = [];
for (const [index, target] of targets.entries()) {
  const random = randomFrom(seed + index);
  const outcome = await runTarget(target, Math.ceil((inputs * target.share) / shares), random);
  console.log(rowOf(target.name, outcome));
  finds.push(...outcome.finds.map((find) => `${target.name}: ${find}`));
  failures += outcome.finds.length;
}
for (const find of finds.slice(0, 40)) console.log(`\n${find}`);
console.log(
  `\n${failures === 0 ? 'every promise held' : `${failures} broken promises`}; again with --seed ${seed}`,
);
process.exit(failures === 0 ? 0 : 1);

function rowOf(name: string, { inputs: sent, finds: found, slowestMs, grewMb, notes }: Outcome): string {
  const cells = [
    name,
    sent,
    found.length,
    `${slowestMs.toFixed(0)} ms`,
    `${grewMb.toFixed(0)} MB`,
    notes.join(', '),
  ];
  return `| ${cells.join(' | ')} |`;
}
