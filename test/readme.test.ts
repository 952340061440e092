import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { SETTINGS, type Setting } from '../src/config/settings.js';

const root = new URL('..', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const readme = read('README.md');

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;

/** The README's line for a setting, as `settings.ts` has it. */
function row([name, setting]: [string, Setting]): string {
  const fallback = setting.fallback === undefined ? (setting.fallbackNote ?? '') : `\`${setting.fallback}\``;
  return `| \`${name}\`${setting.secret ? ' ¹' : ''} | ${setting.meaning} | ${fallback} |`;
}

describe('the README', () => {
  it('has every setting, in the words of the code', () => {
    for (const entry of Object.entries(SETTINGS)) expect(readme).to.contain(row(entry));
  });

  it('says of every dependency what it is for', () => {
    const missing = Object.keys(manifest.dependencies).filter((name) => !readme.includes(`| \`${name}\` |`));
    expect(missing).to.deep.equal([]);
  });

  it('names no command that is not there', () => {
    const named = [...readme.matchAll(/npm run ([a-z0-9:-]+)/g)].map((match) => match[1] ?? '');
    expect(named.length).to.be.greaterThan(5);
    expect(named.filter((name) => !(name in manifest.scripts))).to.deep.equal([]);
  });

  it("quotes the operator's day as its test runs it", () => {
    const blocks = read('test/cli/operators-day.md').match(/```console\n[\s\S]*?```/g) ?? [];
    expect(blocks.length).to.be.greaterThan(5);
    for (const block of blocks) expect(readme).to.contain(block);
  });

  it('opens with the two commands that do all the set-up', () => {
    expect(readme).to.contain('npm ci && npm start');
    expect(readme).to.contain('npm ci && npm test');
  });
});
