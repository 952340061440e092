import { expect } from 'chai';
import fc from 'fast-check';
import { parseBasicCredentials } from '../../src/wire/basic-credentials.js';

const basic = (pair: string | Uint8Array): string => `Basic ${Buffer.from(pair).toString('base64')}`;

/** As RFC 6749 appendix B has a client write it. */
const formEncode = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2);

describe('Basic credentials', () => {
  it('come back as they went in, whatever characters they have (RFC 6749 section 2.3.1)', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => value.isWellFormed());
    fc.assert(
      fc.property(text, text, (clientId, secret) => {
        const header = basic(`${formEncode(clientId)}:${formEncode(secret)}`);
        expect(parseBasicCredentials(header)).to.deep.equal({ clientId, secret });
      }),
    );
  });

  it('are split at the first colon before they are decoded', () => {
    expect(parseBasicCredentials(basic('a%3Ab:c:d%25+e'))).to.deep.equal({
      clientId: 'a:b',
      secret: 'c:d% e',
    });
  });

  it('of a client that does not encode are read as sent, outside ASCII too', () => {
    expect(parseBasicCredentials(basic('orders:pä$$/w=rd'))).to.deep.equal({
      clientId: 'orders',
      secret: 'pä$$/w=rd',
    });
  });

  it('may name their scheme in any case, and either part may be empty', () => {
    expect(parseBasicCredentials(basic('a:b').replace('Basic', 'bAsIc'))).to.deep.equal({
      clientId: 'a',
      secret: 'b',
    });
    expect(parseBasicCredentials(basic(':'))).to.deep.equal({ clientId: '', secret: '' });
  });

  for (const [what, header] of [
    ['another scheme', basic('a:b').replace('Basic', 'Digest')],
    ['no scheme', basic('a:b').slice('Basic '.length)],
    ['nothing after the scheme', 'Basic '],
    ['no colon', basic('ab')],
    ['a bad escape in the id', basic('a%zz:b')],
    ['a cut escape in the secret', basic('a:b%4')],
    ['an escape that is no UTF-8', basic('a:b%ff')],
    ['bytes that are no UTF-8', basic(Uint8Array.of(0x61, 0x3a, 0xff))],
    ['base64 of the URL alphabet', 'Basic YTo_Pz8_'],
    ['base64 without its padding', basic('aa:b').replace(/=+$/, '')],
    ['base64 with stray bits at its end', 'Basic YTp='],
    ['garbage inside the base64', 'Basic YT*pi'],
    ['two of them', `${basic('a:b')}, ${basic('a:b')}`],
    ['a header beyond 8 KiB', basic(`a:${'b'.repeat(8192)}`)],
  ] as const) {
    it(`with ${what} are none`, () => {
      expect(parseBasicCredentials(header)).to.equal(undefined);
    });
  }
});
