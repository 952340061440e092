import { expect } from 'chai';
import fc from 'fast-check';
import { PAE } from 'paseto';
import { signedBytes, TOKEN_HEADER } from '../../../src/adapters/paseto/signed-bytes.js';

describe('what a signature is over', () => {
  const bytes = fc.uint8Array({ maxLength: 4096 });

  it("is byte for byte the paseto library's PAE, whatever message and footer are", () => {
    const header = Buffer.from(TOKEN_HEADER);
    fc.assert(
      fc.property(bytes, bytes, (message, footer) => {
        const theirs = PAE([header, message, footer, Buffer.alloc(0)]);
        expect(signedBytes(message, footer).equals(theirs)).to.equal(true);
      }),
    );
  });
});
