import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { MUTANTS } from '../scripts/mutants/list/index.js';
import { mutated } from '../scripts/mutants/mutant.js';

const root = new URL('../', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8');

describe('the deliberate faults of npm run mutants', () => {
  it('each still apply to the source as it is', () => {
    for (const mutant of MUTANTS)
      expect(mutated(textOf(mutant.file), mutant)).not.to.equal(textOf(mutant.file));
  });

  it('each have a name of their own, specs that are there and a test that has to notice', () => {
    expect(new Set(MUTANTS.map(({ fault, file }) => `${fault} ${file}`)).size).to.equal(MUTANTS.length);
    for (const { fault, specs, killedBy } of MUTANTS) {
      expect(killedBy, fault).not.to.deep.equal([]);
      expect(specs, fault).not.to.deep.equal([]);
      for (const spec of specs)
        expect(existsSync(new URL(`test/${spec}.test.ts`, root)), spec).to.equal(true);
    }
  });
});
