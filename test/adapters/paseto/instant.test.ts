import { expect } from 'chai';
import fc from 'fast-check';
import { instantFromSeconds, secondsFromInstant } from '../../../src/adapters/paseto/instant.js';

describe('an instant in a token', () => {
  const LAST = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

  it('reads back as it was written, for every second of the years 1970 to 9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST }), (seconds) => {
        expect(secondsFromInstant(instantFromSeconds(seconds))).to.equal(seconds);
      }),
    );
    for (const seconds of [0, LAST])
      expect(secondsFromInstant(instantFromSeconds(seconds))).to.equal(seconds);
  });

  it('is refused in every spelling but the one it is written in', () => {
    const text = '2026-07-30T12:34:56Z';
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (at, piece) => {
        const changed = text.slice(0, at) + piece + text.slice(at + 1);
        const seconds = secondsFromInstant(changed);
        if (seconds !== undefined) expect(instantFromSeconds(seconds)).to.equal(changed);
      }),
      { numRuns: 2000 },
    );
  });

  for (const text of [
    '2026-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-06-30T23:59:60Z',
    '2026-01-01t00:00:00z',
    '2026-01-01 00:00:00Z',
    '1969-12-31T23:59:59Z',
  ]) {
    it(`is refused as ${text}`, () => expect(secondsFromInstant(text)).to.equal(undefined));
  }

  it('knows the leap days', () => {
    for (const text of ['2024-02-29T00:00:00Z', '2000-02-29T00:00:00Z']) {
      expect(secondsFromInstant(text)).to.equal(Date.parse(text) / 1000);
    }
  });
});
