import { expect } from 'chai';
import { type CheckingThread, startCheckingThread } from '../../../src/adapters/paseto/checking-thread.js';
import { makeSecretKey, type SecretKey } from '../../../src/adapters/paseto/paserk.js';
import { isSignedBy, type ParsedToken, parsePublicToken } from '../../../src/adapters/paseto/public-token.js';
import { keyFooter, signedToken } from '../../../src/adapters/paseto/token-text.js';
import type { VerificationKey } from '../../../src/adapters/paseto/verification-key.js';
import { forged } from '../../support/forged.js';
import { refusal } from '../../support/refusal.js';
import { WORKERS } from '../../support/workers.js';

/** As many tokens of a key as wanted, every other one forged. */
const tokensOf = (key: SecretKey, count: number): string[] =>
  Array.from({ length: count }, (_, n) => {
    const { keyId } = key.verificationKey;
    const token = signedToken(JSON.stringify({ n }), key.keyObject, keyFooter(keyId));
    return n % 2 === 0 ? token : forged(token);
  });

const parsed = (token: string): ParsedToken => parsePublicToken(token) as ParsedToken;

describe('the checking thread', () => {
  let thread: CheckingThread;
  const check = (token: string, key: VerificationKey): Promise<boolean> =>
    thread.isSigned(token, parsed(token), key);

  beforeEach(() => {
    thread = startCheckingThread({ worker: WORKERS.checking, processors: 2 });
  });
  afterEach(() => thread.close());

  it('says of each token what the thread pool says, however many at once and whoever signed them', async () => {
    const keys = [makeSecretKey(), makeSecretKey()];
    const all = keys.flatMap((signer) =>
      tokensOf(signer, 50).flatMap((token) =>
        keys.map(({ verificationKey }) => ({ token, key: verificationKey })),
      ),
    );
    const theirs = await Promise.all(all.map(({ token, key }) => isSignedBy(parsed(token), key)));
    expect(theirs.filter((good) => good)).to.have.length(50);
    expect(await Promise.all(all.map(({ token, key }) => check(token, key)))).to.deep.equal(theirs);
  });

  it('leaves to the thread pool what would wait too long, where that has a processor', async () => {
    const helped = startCheckingThread({
      worker: new URL('./deaf-worker.mjs', import.meta.url),
      processors: 4,
    });
    const key = makeSecretKey();
    const [token = ''] = tokensOf(key, 1);
    const asked = Array.from({ length: 40 }, () =>
      helped.isSigned(token, parsed(token), key.verificationKey).catch(() => 'unanswered'),
    );
    expect(await Promise.all(asked.slice(32))).to.deep.equal(Array(8).fill(true));
    await helped.close();
    expect(await Promise.all(asked.slice(0, 32))).to.deep.equal(Array(32).fill('unanswered'));
  });

  it('fails what it cannot say, and calls nothing signed that it did not check', async () => {
    const key = makeSecretKey();
    const [token = ''] = tokensOf(key, 1);
    await thread.close();
    await refusal(check(token, key.verificationKey), 'temporarily_unavailable');
  });
});
