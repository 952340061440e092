import { createPublicKey, verify } from 'node:crypto';
import { expect } from 'chai';
import { isSoundEd25519Point } from '../../../src/adapters/paseto/ed25519-point.js';
import { verificationKeyFromPaserk } from '../../../src/adapters/paseto/public-token.js';
import { verificationKeyFromBytes } from '../../../src/adapters/paseto/verification-key.js';
import { makePair } from './tokens.js';

const P = 2n ** 255n - 19n;

/** 32 bytes, little end first, as Ed25519 writes a point: y and the sign of x. */
const pointOf = (y: bigint, sign = 0n): Buffer =>
  Buffer.from((y | (sign << 255n)).toString(16).padStart(64, '0'), 'hex').reverse();

/** The y of every point whose order divides the cofactor 8: of order 4, 1 and 2, and the two of order 8. */
const SMALL_ORDER_Y = [
  0n,
  1n,
  P - 1n,
  ...[
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ].map((hex) => BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`)),
];

describe('a verification key', () => {
  it('comes from a k4.public and names itself by its k4.pid', () => {
    const { key } = makePair();
    expect(verificationKeyFromPaserk(key.publicKey)).to.deep.include({
      keyId: key.keyId,
      publicKey: key.publicKey,
    });
    expect(key.keyId).to.match(/^k4\.pid\.[\w-]{44}$/);
    expect(key.keyObject.asymmetricKeyType).to.equal('ed25519');
    expect(key.keyObject.type).to.equal('public');
  });

  it('is refused at every point of small order, under which anyone can forge', () => {
    for (const y of SMALL_ORDER_Y) {
      for (const sign of [0n, 1n]) {
        expect(() => verificationKeyFromBytes(pointOf(y, sign)), `${y}`).to.throw('no sound Ed25519 point');
      }
    }
  });

  it('is refused at a small order by us: node:crypto imports it, and a forgery under it passes in some releases', () => {
    const neutral = pointOf(1n);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: neutral.toString('base64url') };
    const imported = createPublicKey({ key: jwk, format: 'jwk' });
    // With the neutral point for a key and a signature (R, S) = (neutral, 0), the equation holds for any message. Node 24
    // has begun to look at that itself.
    const passes = verify(
      null,
      Buffer.from('anything'),
      imported,
      Buffer.concat([neutral, Buffer.alloc(32)]),
    );
    const nodeLooks = Number(process.versions.node.split('.')[0]) >= 24;
    expect(passes || nodeLooks).to.equal(true);
    expect(() => verificationKeyFromBytes(neutral)).to.throw('no sound Ed25519 point');
  });

  it('is refused in any encoding but the canonical one', () => {
    for (let y = P; y < 2n ** 255n; y += 1n) {
      expect(isSoundEd25519Point(pointOf(y)), `${y - P}`).to.equal(false);
      expect(isSoundEd25519Point(pointOf(y, 1n)), `${y - P}`).to.equal(false);
    }
  });

  it('is refused off the curve, and for about half of all y there is no point', () => {
    const sound = Array.from({ length: 40 }, (_, y) => isSoundEd25519Point(pointOf(BigInt(y))));
    expect(sound.filter(Boolean).length).to.be.within(10, 30);
    expect(isSoundEd25519Point(pointOf(2n))).to.equal(false);
  });

  it('is sound wherever a fresh key pair puts it', () => {
    for (let i = 0; i < 20; i += 1) expect(() => makePair()).not.to.throw();
  });

  const { key } = makePair();
  const body = key.publicKey.slice('k4.public.'.length);
  const refused: Record<string, string> = {
    'another version': `k3.public.${body}`,
    'a local key': `k4.local.${body}`,
    'a secret key': `k4.secret.${body}${body}`,
    'a key id': key.keyId,
    padding: `${key.publicKey}=`,
    'a stray character': `k4.public.${body} `,
    'one byte less': `k4.public.${Buffer.alloc(31, 9).toString('base64url')}`,
    'one byte more': `k4.public.${Buffer.alloc(33, 9).toString('base64url')}`,
    nothing: '',
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`is refused with ${what}, in words that do not repeat it`, () => {
      expect(() => verificationKeyFromPaserk(text))
        .to.throw('This is not a well-formed k4.public.')
        .with.property('name', 'InvalidPaserk');
    });
  }
});
