import { expect } from 'chai';
import fc from 'fast-check';
import { AuthError } from '../../../src/domain/errors.js';
import { type Form, makeReadForm } from '../../../src/wire/http/form.js';

const read = makeReadForm({ names: ['grant_type', 'scope', 'resource'], repeatable: ['resource'] });
const readText = (text: string) => read(Buffer.from(text));
const refusal = (text: string | Buffer): string => {
  try {
    read(Buffer.from(text));
    return 'read';
  } catch (error) {
    return error instanceof AuthError ? error.code : 'another error';
  }
};

describe('the form reader', () => {
  it('reads back whatever text a standard encoder wrote', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value.isWellFormed());
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 5 }), (scope, other, resources) => {
        const sent = new URLSearchParams({ scope, [`x${other}`]: other });
        for (const resource of resources) sent.append('resource', resource);
        const form: Form<'scope' | 'resource'> = readText(sent.toString());
        expect(form.one('scope')).to.equal(scope);
        expect(form.all('resource')).to.deep.equal(resources);
      }),
    );
  });

  it('never ends in anything but a form or invalid_request, whatever bytes come', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.stringMatching(/^[%&=+a-f0-9]{0,60}$/));
    fc.assert(
      fc.property(bytes, (body) => {
        expect(refusal(Buffer.from(body))).to.be.oneOf(['read', 'invalid_request']);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a parameter without a value for left out', () => {
    for (const text of ['scope=', 'scope', '', '&']) expect(readText(text).one('scope'), text).to.equal('');
  });

  it('refuses a recognised parameter that is there twice, whichever way it is written', () => {
    for (const text of ['scope=a&scope=a', 'scope=&scope=a', 'scope&scope', 'scope=a&sc%6Fpe=b']) {
      expect(refusal(text), text).to.equal('invalid_request');
    }
  });

  it('gives no meaning to names that objects have by themselves', () => {
    const form = readText('__proto__=a&__proto__=b&constructor=c&toString=d&scope=e');
    expect(form.one('scope')).to.equal('e');
    expect(({} as Record<string, unknown>).a).to.equal(undefined);
  });

  it('refuses escapes and bytes that are no UTF-8', () => {
    for (const text of ['scope=%', 'scope=%2', 'scope=%zz', 'scope=%C0%AF', 'scope=%ED%A0%80', 'x=%FF']) {
      expect(refusal(text), text).to.equal('invalid_request');
    }
    expect(refusal(Buffer.from([0x78, 0x3d, 0xff]))).to.equal('invalid_request');
  });

  it('splits before it decodes, so that an encoded & or = is part of a value', () => {
    expect(readText('scope=a%26grant_type%3Db').one('scope')).to.equal('a&grant_type=b');
    expect(readText('scope=a=b').one('scope')).to.equal('a=b');
  });
});
