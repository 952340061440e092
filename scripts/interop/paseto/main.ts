/**
 * Tokens, key ids and wrapped keys of a built server, checked by PASETO libraries of other makers, and what those make
 * checked by us. Prints a table with versions; exits 1 when one failed. Needs python3 and cargo, and their package
 * registries.
 *
 * usage: npm run interop:paseto [-- typescript|python|rust …]
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gatherMaterial, type Material } from './material.js';
import { checkWithPasetoTs } from './paseto-ts.js';
import { HEADER, judge, type Report } from './report.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** How each language's libraries are run: in a directory that holds a copy of theirs. */
const LANGUAGES: Readonly<Record<string, (directory: string, material: string) => Promise<string>>> = {
  typescript: async (_, material) => JSON.stringify(checkWithPasetoTs(JSON.parse(material) as Material)),
  python: async (directory, material) => {
    const python = join(directory, 'venv', 'bin', 'python');
    await run(directory, 'python3', ['-m', 'venv', 'venv']);
    await run(directory, python, ['-m', 'pip', 'install', '--quiet', '--requirement', 'requirements.txt']);
    return run(directory, python, ['interop.py'], material);
  },
  rust: (directory, material) => run(directory, 'cargo', ['run', '--quiet'], material),
};

async function reportsOf(language: string, material: Material): Promise<readonly Report[]> {
  const directory = await mkdtemp(join(tmpdir(), `countersign-interop-${language}-`));
  try {
    if (language !== 'typescript') await cp(join(HERE, language), directory, { recursive: true });
    const output = (await LANGUAGES[language]?.(directory, JSON.stringify(material))) ?? '';
    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    if (lines.length === 0) throw new Error(`no report:\n${output}`);
    return lines.map((line) => JSON.parse(line) as Report);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Its standard output, once it has ended well. */
function run(directory: string, command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: directory, stdio: 'pipe' });
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        written[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (status) =>
      status === 0 ? resolve(written.stdout) : reject(new Error(`${command}: ${written.stderr || status}`)),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

async function main(chosen: readonly string[]): Promise<number> {
  const material = await gatherMaterial();
  let failures = 0;
  console.log(row(HEADER));
  console.log(row(HEADER.map(() => '---')));
  for (const language of Object.keys(LANGUAGES)) {
    if (chosen.length > 0 && !chosen.includes(language)) continue;
    try {
      for (const report of await reportsOf(language, material))
        console.log(row(await judge(report, material)));
    } catch (err) {
      failures += 1;
      console.log(row([`${language}: failed`, ...HEADER.slice(1).map(() => '')]));
      console.error(err instanceof Error ? err.message : err);
    }
  }
  const { tokens, secrets, locals } = material;
  console.log(
    `\nof ours: ${tokens.length} tokens, ${secrets.length} signing keys and ${locals.length} pepper, wrapped`,
  );
  console.log(failures === 0 ? 'all passed' : `${failures} failed`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
