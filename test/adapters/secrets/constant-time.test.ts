import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

// What the library and the command compare is their own caller's.
const src = new URL('../../../src/', import.meta.url);
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/^(?:wire\/gen|sdk|cli)\//.test(file))
  .map((file) => ({ file, text: readFileSync(new URL(file, src), 'utf8') }));

/** What says how much of it was right when it is compared character by character. */
const DIGEST = String.raw`(?:\w+\.)*(?:hash|digest|digests|hmac|mac|tag|signature|secret|pepper|presented|kept|password)`;
const COMPARED = new RegExp(
  [
    String.raw`\b${DIGEST}\s*[!=]==?(?!=)(?!\s*(?:'|undefined|null))`,
    String.raw`(?<!typeof \w+\s*)[!=]==?(?!=)\s*${DIGEST}\b(?!\s*[(.])`,
    String.raw`\b${DIGEST}\.(?:equals|compare|localeCompare|startsWith)\(`,
    String.raw`\bBuffer\.compare\(`,
  ].join('|'),
);

describe('digests and secrets', () => {
  it('are nowhere compared by an operator or method that stops at the first difference', () => {
    const found = sources.flatMap(({ file, text }) =>
      text
        .split('\n')
        .flatMap((line, index) => (COMPARED.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(found).to.deep.equal([]);
  });

  it('are compared by timingSafeEqual where hashes are looked for and where keys are unwrapped', () => {
    const users = sources.filter(({ text }) => text.includes('timingSafeEqual(')).map(({ file }) => file);
    expect(users).to.include.members(['adapters/secrets/secret-hasher.ts', 'adapters/paseto/pie-wrap.ts']);
  });

  it('would be found: the rule knows what it is looking for', () => {
    for (const bad of [
      'stored.hash === presented',
      'a !== digest',
      'hash.equals(other)',
      'mac == x',
      'if (tag === expected)',
    ]) {
      expect(COMPARED.test(bad), bad).to.equal(true);
    }
    for (const good of ["secret === ''", 'hash !== undefined', 'hashes === 3']) {
      expect(COMPARED.test(good), good).to.equal(false);
    }
  });
});
