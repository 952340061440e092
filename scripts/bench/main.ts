/**
 * Measures what issue 7 of this project promises, beside the ceiling and the peers, and says which bars are met.
 *
 * Usage: npm run bench [-- --only issue,introspect,…] [--rounds 7] [--smoke]
 * Sections: issue introspect verify feed growth workers long start. A whole run takes some 15 minutes on two cores,
 * which nothing else should use, and writes results/results.json, results/*.svg and RESULTS.md beside this file, and the
 * table of bars in the README.
 * `--smoke` takes under a minute, asserts only that everything works, and writes nothing.
 * Needs h2load (Debian: nghttp2-client). Peers and charts come from this folder's own package.json, installed here when
 * they are missing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Findings } from './figures.js';
import { type Results, readmePart, resultsDocument, tableOf } from './results.js';
import { costs } from './sections/costs.js';
import { feed } from './sections/feed.js';
import { growth } from './sections/growth.js';
import { introspect } from './sections/introspect.js';
import { issue } from './sections/issue.js';
import { long } from './sections/long.js';
import { start } from './sections/start.js';
import { verify } from './sections/verify.js';
import { workers } from './sections/workers.js';
import type { Stage } from './stage.js';

const SECTIONS = { start, issue, introspect, verify, workers, feed, growth, costs, long };
type SectionName = keyof typeof SECTIONS;
const HERE = fileURLToPath(new URL('.', import.meta.url));
const RESULTS = join(HERE, 'results');

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(SECTIONS).join(',') },
    rounds: { type: 'string', default: '7' },
    smoke: { type: 'boolean', default: false },
  },
});

requireTools();
const stage: Stage = {
  smoke: values.smoke,
  rounds: values.smoke ? 1 : Number(values.rounds),
  count: (full, smoke) => (values.smoke ? smoke : full),
  progress: (text) => process.stderr.write(`  ${text}\n`),
};

const found = new Map<string, Findings>();
for (const name of values.only.split(',')) {
  if (!isSection(name)) throw new Error(`there is no section ${name}: ${Object.keys(SECTIONS).join(', ')}`);
  process.stderr.write(`${name}\n`);
  found.set(name, await SECTIONS[name](stage));
  // After each, so that a later one that fails loses nothing.
  if (!values.smoke) await writeResults(resultsOf(found));
}
if (!values.smoke && found.size === Object.keys(SECTIONS).length) putIntoReadme(resultsOf(found));
console.log(tableOf(resultsOf(found)));
if (values.smoke) console.log('Everything works. (These figures mean nothing: too few requests.)');
process.exit(0);

function resultsOf(sections: ReadonlyMap<string, Findings>): Results {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(
      ' ',
    ),
    sections: Object.fromEntries(sections),
  };
}

function isSection(name: string): name is SectionName {
  return Object.hasOwn(SECTIONS, name);
}

function requireTools(): void {
  if (spawnSync('h2load', ['--version']).status !== 0) {
    throw new Error('h2load is missing: apt-get install nghttp2-client');
  }
  if (existsSync(join(HERE, 'node_modules', 'oidc-provider'))) return;
  process.stderr.write('installing the peers\n');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: HERE, stdio: 'ignore' });
}

function putIntoReadme(results: Results): void {
  const readme = join(HERE, '../../README.md');
  const text = readFileSync(readme, 'utf8');
  const [start, end] = ['<!-- bars -->', '<!-- /bars -->'].map((mark) => text.indexOf(mark)) as [
    number,
    number,
  ];
  if (start === -1 || end === -1) throw new Error('the README has no place for the bars');
  const head = text.slice(0, start + '<!-- bars -->'.length);
  writeFileSync(readme, `${head}\n${readmePart(results)}\n${text.slice(end)}`);
}

/** What was left out this time stays as it was found before. */
async function writeResults(results: Results): Promise<void> {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, 'results.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results).sections : {};
  const all = { ...results, sections: { ...before, ...results.sections } };
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`);
  writeFileSync(join(HERE, 'RESULTS.md'), resultsDocument(all));
  const { drawCharts } = await import('./charts.js');
  for (const [name, svg] of await drawCharts(all)) writeFileSync(join(RESULTS, `${name}.svg`), svg);
}
