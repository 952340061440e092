import { expect } from 'chai';
import fc from 'fast-check';
import { parseStrictJson } from '../../../src/adapters/paseto/strict-json.js';

describe('strict JSON', () => {
  it('reads whatever JSON.parse reads, however it is spaced', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseStrictJson(text)).to.deep.equal(JSON.parse(text));
      }),
    );
  });

  it('refuses an object that names a key twice, at any depth and beside any other content', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.string(),
        fc.jsonValue(),
        fc.array(fc.nat(2)),
        (value, key, beside, path) => {
          const name = JSON.stringify(key);
          let text = `{${name}:${JSON.stringify(value)},"other":{},${name}:1}`;
          for (const step of path) {
            if (step === 0) text = `[${JSON.stringify(beside)},${text}]`;
            else text = `{"a":${JSON.stringify(beside)}, "b":${text}}`;
          }
          fc.pre(key !== 'other');
          expect(() => parseStrictJson(text)).to.throw(SyntaxError);
        },
      ),
    );
  });

  for (const text of [
    '{"a":1,"\\u0061":2}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
    '[{"{":[],"{":0}]',
  ]) {
    it(`refuses ${text}`, () => expect(() => parseStrictJson(text)).to.throw(SyntaxError));
  }
  for (const text of [
    '{"a":{"a":{"a":"a"}}, "b":["a","a"]}',
    '[{"a":1}, {"a":1}]',
    '{"a":"\\"a\\":1,", "b":2}',
    ' 1 ',
  ]) {
    it(`reads ${text}`, () => expect(parseStrictJson(text)).to.deep.equal(JSON.parse(text)));
  }
});
