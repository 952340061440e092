import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { SecretSearch } from './secret-search.js';

describe('the search for secrets', () => {
  const secret = randomBytes(32);
  const search = new SecretSearch();
  search.add('the key', secret);
  search.add('the secret', 'cs_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG');

  for (const form of ['hex', 'base64', 'base64url'] as const) {
    it(`finds one in ${form}, wherever it stands in a longer encoding`, () => {
      for (let before = 0; before < 6; before += 1) {
        const encoded = Buffer.concat([randomBytes(before), secret, randomBytes(5)]).toString(form);
        expect(search.find(Buffer.from(`{"field":"${encoded}"}`)).join()).to.contain('the key');
      }
    });
  }

  it('finds one raw, between any bytes', () => {
    const text = Buffer.concat([randomBytes(99), secret, randomBytes(99)]);
    expect(search.find(text)).to.deep.equal(['the key (raw)']);
  });

  it('finds a text as it is, and encoded', () => {
    const text = 'x cs_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG y';
    expect(search.find(Buffer.from(text))).to.include('the secret (raw)');
    expect(search.find(Buffer.from(Buffer.from(text).toString('hex')))).to.deep.equal(['the secret (hex)']);
    expect(search.find(Buffer.from(Buffer.from(text).toString('base64')))).to.deep.equal([
      'the secret (base64)',
    ]);
  });

  it('finds nothing in what is unrelated', () => {
    expect(search.find(randomBytes(100_000))).to.deep.equal([]);
    expect(search.find(Buffer.from(randomBytes(100_000).toString('base64')))).to.deep.equal([]);
  });
});
