import { expect } from 'chai';
import fc from 'fast-check';
import { recordFromText, recordToText } from '../../../src/adapters/redis/client-text.js';
import { markToText, standingFromText } from '../../../src/adapters/redis/standing-text.js';
import type { StoredSecret } from '../../../src/domain/client.js';
import type { JsonObject } from '../../../src/domain/token.js';
import { clientRecord, secretId, storedSecret } from '../../support/records.js';

const text = fc.string({ unit: 'grapheme' });
const texts = fc.array(text, { maxLength: 5 });
const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
const time = fc.nat({ max: 2 ** 48 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
/** Values that JSON keeps as they are: it has no -0. */
const object = fc
  .dictionary(text, fc.jsonValue())
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

const secret: fc.Arbitrary<StoredSecret> = fc.record({
  secretId: word.map(secretId),
  hash: word,
  pepperId: word,
  createTimeMs: time,
  expireTimeMs: maybe(time),
  lastUsedTimeMs: maybe(time),
  madeBy: maybe(word.map((name) => `rotate:${name}`)),
});

const record = fc
  .record({
    displayName: text,
    allowedScopes: texts,
    defaultScopes: texts,
    allowedAudiences: texts,
    defaultAudience: text,
    introspectionOnly: fc.boolean(),
    servesAudiences: texts,
    tokenTtlSeconds: fc.nat(),
    ext: maybe(object),
    labels: fc.dictionary(text, text),
    secrets: fc.array(secret, { maxLength: 5 }),
    createTimeMs: time,
    updateTimeMs: time,
    version: fc.integer({ min: 1, max: 2 ** 40 }),
  })
  .map((fields) => clientRecord('a', fields));

/** Own properties only, whatever they are called. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the text of a client record', () => {
  it('gives back every record exactly', () => {
    fc.assert(
      fc.property(record, (original) => {
        const back = recordFromText(original.clientId, recordToText(original));
        expect(plain(back)).to.deep.equal(plain(original));
        expect(Object.keys(back).sort()).to.deep.equal(Object.keys(original).sort());
      }),
    );
  });

  it('has one line for each part, whatever the texts hold: scripts go by lines', () => {
    fc.assert(
      fc.property(record, (original) => {
        expect(recordToText(original).split('\n')).to.have.length(2 + original.secrets.length);
      }),
    );
  });

  it('keeps nothing but the record of what it is given', () => {
    const seen = { ...clientRecord('a'), generation: 7, mark: { by: 'x' } };
    expect(recordFromText(seen.clientId, recordToText(seen))).to.deep.equal(clientRecord('a'));
  });

  it('is not made when a field would be read as two', () => {
    for (const broken of ['', 'a b', 'a\nb']) {
      const secrets = [storedSecret('s1', { hash: broken })];
      expect(() => recordToText(clientRecord('a', { secrets }))).to.throw('blank');
    }
  });

  it('is refused when it is damaged', () => {
    const whole = recordToText(clientRecord('a'));
    for (const damaged of ['', 'x', whole.slice(0, 5), `${whole} more`, whole.slice(0, -20)]) {
      expect(() => recordFromText(clientRecord('a').clientId, damaged)).to.throw();
    }
  });

  it('takes about 300 bytes for an ordinary client', () => {
    expect(recordToText(clientRecord('a', { secrets: [storedSecret('k3f8vq2mzx7w')] })).length).to.be.below(
      300,
    );
  });
});

describe('the text of where a client stands', () => {
  it('without any is a client that was never revoked', () => {
    expect(standingFromText(null)).to.deep.equal({ generation: 0, mark: undefined });
    expect(standingFromText('1900000000000')).to.deep.equal({
      generation: 1_900_000_000_000,
      mark: undefined,
    });
    expect(standingFromText(String(2 ** 53 - 1)).generation).to.equal(2 ** 53 - 1);
  });

  it('gives back every mark, as the script completes it', () => {
    fc.assert(
      fc.property(text, text, (by, reason) => {
        const completed = `{"t":5,${markToText({ by, reason }).slice(1)}`;
        expect(standingFromText(`7 ${completed}`)).to.deep.equal({
          generation: 7,
          mark: { timeMs: 5, by, reason },
        });
      }),
    );
  });
});
