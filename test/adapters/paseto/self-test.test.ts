import { expect } from 'chai';
import { selfTest } from '../../../src/adapters/paseto/self-test.js';
import { signedToken } from '../../../src/adapters/paseto/token-text.js';

describe('the self-test', () => {
  it('finds our tokens and those of the paseto library to be the same', () => selfTest());

  it('finds out when they are not', async () => {
    const failure = await selfTest((payload, key, footer) => signedToken(`${payload} `, key, footer)).then(
      () => undefined,
      (err: unknown) => err,
    );
    expect(failure).to.be.instanceOf(Error);
  });
});
