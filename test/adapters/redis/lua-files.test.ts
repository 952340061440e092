import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { SCRIPT_NAMES, scriptNamed } from '../../../src/adapters/redis/lua-files.js';

const folder = new URL('../../../src/adapters/redis/lua/', import.meta.url);

describe('the scripts', () => {
  it('are exactly the files that are there', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.lua'));
    expect(files).to.have.members(SCRIPT_NAMES.map((name) => `${name}.lua`));
  });

  for (const name of SCRIPT_NAMES) {
    it(`${name} says what it takes and returns, looks at the store first, and never goes on after a refusal`, () => {
      const source = readFileSync(new URL(`${name}.lua`, folder), 'utf8');
      expect(source).to.match(/^-- .+\n(-- .*\n)*-- KEYS .+\n(-- .*\n)*-- ARGV .+\n(-- .*\n)*-- Returns OK/);
      expect(source).to.match(/\nif is_wrong_store\(\) then\n {2}return 'WRONG_STORE'\nend\n/);
      expect(scriptNamed(name).source).not.to.contain('pcall(');
    });
  }
});
