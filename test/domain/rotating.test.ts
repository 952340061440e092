import { expect } from 'chai';
import fc from 'fast-check';
import { isLive, MAX_LIVE_SECRETS, type StoredSecret } from '../../src/domain/client.js';
import { AuthError } from '../../src/domain/errors.js';
import type { SecretId } from '../../src/domain/ids.js';
import { madeByOf, replaceSecretOfAct, rotateSecrets } from '../../src/domain/mint-secret.js';

const NOW = 1_000_000;
let made = 0;
const secret = (changes: Partial<StoredSecret> = {}): StoredSecret => ({
  secretId: `s${made++}` as SecretId,
  hash: 'h',
  pepperId: 'p',
  createTimeMs: 0,
  expireTimeMs: undefined,
  lastUsedTimeMs: undefined,
  madeBy: undefined,
  ...changes,
});

describe('rotating secrets', () => {
  it('with overlap 0 leaves the new one alone', () => {
    const fresh = secret();
    expect(rotateSecrets([secret(), secret()], fresh, 0, NOW)).to.deep.equal([fresh]);
  });

  it('never lengthens the life of an old one', () => {
    const instant = fc.option(fc.integer({ min: NOW - 5000, max: NOW + 5_000_000 }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(instant, { maxLength: 4 }),
        fc.integer({ min: 0, max: 4000 }),
        (expiries, overlap) => {
          const old = expiries.map((expireTimeMs) => secret({ expireTimeMs }));
          const [fresh, ...kept] = rotateSecrets(old, secret(), overlap, NOW);
          expect(fresh?.expireTimeMs).to.equal(undefined);
          for (const one of kept) {
            const before = old.find(({ secretId }) => secretId === one.secretId);
            const bound = NOW + overlap * 1000;
            expect(one.expireTimeMs).to.equal(Math.min(before?.expireTimeMs ?? bound, bound));
            expect(isLive(one, NOW)).to.equal(true);
          }
        },
      ),
    );
  });

  it('past five live ones is a conflict, and nothing is ended to make room', () => {
    const five = Array.from({ length: MAX_LIVE_SECRETS }, () => secret());
    expect(() => rotateSecrets(five, secret(), 60, NOW))
      .to.throw(AuthError)
      .with.property('code', 'conflict');
    expect(rotateSecrets(five, secret(), 0, NOW)).to.have.length(1);
    const oneDead = [...five.slice(1), secret({ expireTimeMs: NOW })];
    expect(rotateSecrets(oneDead, secret(), 60, NOW)).to.have.length(5);
  });

  it('repeated by the same act puts the fresh secret where the lost one was, and touches no other', () => {
    const madeBy = madeByOf('rotate', 'r1');
    const [other, lost] = [secret(), secret({ madeBy })];
    const fresh = secret({ madeBy });
    expect(replaceSecretOfAct([lost, other], fresh)).to.deep.equal([fresh, other]);
  });

  it('takes a request id for what it is, and refuses one that could be anything else', () => {
    expect(madeByOf('create', '')).to.equal(undefined);
    expect(madeByOf('create', 'r1')).not.to.equal(madeByOf('rotate', 'r1'));
    expect(() => madeByOf('create', 'a b')).to.throw(AuthError);
  });
});
