import { createHmac, createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { hmacSha256 } from '../../../src/adapters/secrets/hmac-sha256.js';

describe('HMAC-SHA-256', () => {
  it('is what node:crypto says, for keys and texts of any length', () => {
    const keys = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => createSecretKey(bytes));
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(keys, texts, (key, some) => {
        for (const text of some) {
          const expected = createHmac('sha256', key).update(text, 'utf8').digest();
          expect(hmacSha256(text, key).equals(expected)).to.equal(true);
        }
      }),
    );
  });
});
