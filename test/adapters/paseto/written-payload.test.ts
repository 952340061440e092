import { expect } from 'chai';
import fc from 'fast-check';
import { claimsFromObject } from '../../../src/adapters/paseto/token-claims.js';
import { claimsFromWritten, payloadFromClaims } from '../../../src/adapters/paseto/written-payload.js';
import type { Generation } from '../../../src/domain/ids.js';
import { CLAIMS } from './tokens.js';

/** What the reader that decides makes of a text that is JSON. */
const slowly = (text: string) => {
  try {
    return claimsFromObject(JSON.parse(text));
  } catch {
    return undefined;
  }
};

describe('the quick reader of payloads', () => {
  const written = payloadFromClaims(CLAIMS);

  it('reads what our servers write, with and without further claims of the client', () => {
    expect(claimsFromWritten(written)).to.deep.equal(CLAIMS);
    const plain = { ...CLAIMS, ext: undefined };
    expect(claimsFromWritten(payloadFromClaims(plain))).to.deep.equal(plain);
    const least = { ...plain, scopes: [], generation: Number.MAX_SAFE_INTEGER as Generation };
    expect(claimsFromWritten(payloadFromClaims(least))).to.deep.equal(least);
  });

  it('never says anything else than the reader that decides, whatever is changed in a payload', () => {
    const pieces = [
      '"',
      '\\',
      '{',
      '}',
      ',',
      ':',
      ' ',
      '0',
      '9',
      'é',
      '\n',
      '"ext":{}',
      ',"gen":8',
      '\\u0061',
      'T',
      '-',
    ];
    const change = fc.record({
      at: fc.nat({ max: written.length }),
      cut: fc.nat({ max: 12 }),
      put: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let text = written;
        for (const { at, cut, put } of changes) text = text.slice(0, at) + put + text.slice(at + cut);
        const quickly = claimsFromWritten(text);
        if (quickly !== undefined) expect(quickly).to.deep.equal(slowly(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('leaves to the other what it cannot read one way only', () => {
    const cases = {
      'a claim behind the last': written.replace(/\}$/, ',"later":{}}'),
      'a repeated key within ext': written.replace(/"ext":\{/, '"ext":{"team":"a",'),
      'an escape': written.replace('payments', 'p\\u0061yments'),
      'two ids of a client': written.replace('"client_id":"payments"', '"client_id":"payments2"'),
      'a generation beyond what a number holds': written.replace('"gen":7', '"gen":9007199254740993'),
      'a day that does not exist': written.replace('2026-07-30T13', '2026-02-30T13'),
      'a line break at the end': `${written}\n`,
    };
    for (const [name, text] of Object.entries(cases)) {
      expect(text, name).not.to.equal(written);
      expect(claimsFromWritten(text), name).to.equal(undefined);
    }
  });
});
