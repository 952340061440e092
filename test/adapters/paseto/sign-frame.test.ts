import { expect } from 'chai';
import fc from 'fast-check';
import { PAE } from 'paseto';
import { signedBytes } from '../../../src/adapters/paseto/public-token.js';
import { signFrame } from '../../../src/adapters/paseto/sign-frame.js';

describe('the frame that is signed', () => {
  const bytes = fc.uint8Array({ maxLength: 4096 });

  it("is byte for byte the paseto library's PAE, whatever message and footer are", () => {
    const header = Buffer.from('v4.public.');
    fc.assert(
      fc.property(bytes, bytes, (message, footer) => {
        expect(signFrame(message, footer).equals(PAE([header, message, footer, Buffer.alloc(0)]))).to.equal(
          true,
        );
      }),
    );
  });

  it('is what the verify half checks', () => {
    fc.assert(
      fc.property(bytes, bytes, (message, footer) => {
        expect(signFrame(message, footer).equals(signedBytes(message, footer))).to.equal(true);
      }),
    );
  });
});
