import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const root = new URL('../', import.meta.url);
const security = readFileSync(new URL('SECURITY.md', root), 'utf8');

describe('SECURITY.md', () => {
  it('names nothing that is not there', () => {
    const paths = [...security.matchAll(/`((?:src|test|scripts|ops)\/[^`]+)`/g)].map(
      (match) => match[1] ?? '',
    );
    expect(paths.length).to.be.greaterThan(60);
    expect(paths.filter((path) => !existsSync(new URL(path, root)))).to.deep.equal([]);
  });

  it('has every item of its checklist, each with where it is shown', () => {
    const rows = [...security.matchAll(/^\| (\d+) \| (.+) \| (.+) \|$/gm)];
    expect(rows.map((row) => Number(row[1]))).to.deep.equal(
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
  });
});
