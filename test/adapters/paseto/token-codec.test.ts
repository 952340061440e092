import { sign, verify } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Key, PublicProtocol, PublicSign, PublicVerify } from 'paseto';
import { verify as pasetoTsVerify } from 'paseto-ts/v4';
import { makeSecretKey, type SecretKey } from '../../../src/adapters/paseto/paserk.js';
import { footerFor, signedBytes } from '../../../src/adapters/paseto/public-token.js';
import { claimsFromPayload } from '../../../src/adapters/paseto/token-claims.js';
import { type CodecKeys, makeTokenCodec } from '../../../src/adapters/paseto/token-codec.js';
import { payloadFromClaims } from '../../../src/adapters/paseto/written-payload.js';
import type { KeyId } from '../../../src/domain/ids.js';
import type { TokenClaims } from '../../../src/domain/token.js';
import { CLAIMS, PAYLOAD } from './tokens.js';

/** Keys by hand, counting how often a verification key was asked for: once for each signature checked. */
class Keys implements CodecKeys {
  signs = makeSecretKey();
  asked = 0;
  readonly known = new Map<KeyId, SecretKey>([[this.signs.verificationKey.keyId, this.signs]]);

  rotate(): void {
    this.signs = makeSecretKey();
    this.known.set(this.signs.verificationKey.keyId, this.signs);
  }
  async signingKey() {
    return this.signs;
  }
  async verificationKey(keyId: KeyId) {
    this.asked += 1;
    return this.known.get(keyId)?.verificationKey;
  }
}

/** The paseto library over node:crypto, as its extension interface has it. */
type LibraryKey = Key & { readonly secret: SecretKey };
const library = new PublicProtocol(
  PublicSign<4, LibraryKey>({
    version: 4,
    run: async ({ secret }, message, footer, implicit) => {
      expect(implicit).to.have.length(0);
      return sign(null, signedBytes(message, footer), secret.keyObject);
    },
  }),
  PublicVerify<4, LibraryKey>({
    version: 4,
    run: async ({ secret }, message, signature, footer) =>
      verify(null, signedBytes(message, footer), secret.verificationKey.keyObject, signature),
  }),
);

const ISSUER = CLAIMS.issuer;

const claimsArbitrary: fc.Arbitrary<TokenClaims> = fc.record({
  tokenId: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
  issuer: fc.constant(ISSUER),
  clientId: fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/),
  audience: fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }),
  scopes: fc.array(fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,20}$/), { maxLength: 8 }),
  issuedAtSeconds: fc.integer({ min: 0, max: 4e9 }),
  notBeforeSeconds: fc.integer({ min: 0, max: 4e9 }),
  expiresAtSeconds: fc.integer({ min: 0, max: 4e9 }),
  generation: fc.maxSafeNat(),
  ext: fc.option(fc.dictionary(fc.string({ maxLength: 9 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }), {
    nil: undefined,
  }),
}) as unknown as fc.Arbitrary<TokenClaims>;

describe('the token codec', () => {
  it('opens what it signed, whatever the claims', () =>
    fc.assert(
      fc.asyncProperty(claimsArbitrary, async (claims) => {
        const keys = new Keys();
        const token = await makeTokenCodec({ keys, issuer: ISSUER }).sign(claims, 1);
        fc.pre(token.length <= 4096);
        const opened = await makeTokenCodec({ keys, issuer: ISSUER }).open(token);
        // Through JSON, which has no -0 and keeps no undefined.
        expect(opened).to.deep.equal({
          claims: { ...claims, ext: claims.ext && JSON.parse(JSON.stringify(claims.ext)) },
          keyId: keys.signs.verificationKey.keyId,
        });
      }),
      { numRuns: 60 },
    ));

  it('writes payloads as JSON.stringify would, so they have one form', () => {
    fc.assert(
      fc.property(claimsArbitrary, (claims) => {
        const payload = payloadFromClaims(claims);
        expect(JSON.stringify(JSON.parse(payload))).to.equal(payload);
        expect(claimsFromPayload(Buffer.from(payload))?.tokenId).to.equal(claims.tokenId);
      }),
    );
    expect(JSON.parse(payloadFromClaims(CLAIMS))).to.deep.equal(PAYLOAD);
  });

  it('makes the very bytes that the paseto library makes over node:crypto', async () => {
    const keys = new Keys();
    const ours = await makeTokenCodec({ keys, issuer: ISSUER }).sign(CLAIMS, 1);
    const key = { secret: keys.signs } as LibraryKey;
    const theirs = await library.Sign(key, PAYLOAD, {
      footer: new TextEncoder().encode(footerFor(keys.signs.verificationKey.keyId)),
    });
    expect(theirs).to.equal(ours);
    const { claims } = await library.Verify(key, ours, { now: new Date(PAYLOAD.iat) });
    expect(claims).to.deep.equal(PAYLOAD);
  });

  it('makes tokens that paseto-ts verifies', async () => {
    const keys = new Keys();
    const token = await makeTokenCodec({ keys, issuer: ISSUER }).sign(CLAIMS, 1);
    const { payload, footer } = pasetoTsVerify(keys.signs.verificationKey.publicKey, token, {
      validatePayload: false,
    });
    expect(payload).to.deep.equal(PAYLOAD);
    expect(footer).to.deep.equal({ kid: keys.signs.verificationKey.keyId });
  });

  it('signs with the key of the moment and opens tokens of every key it can get', async () => {
    const keys = new Keys();
    const codec = makeTokenCodec({ keys, issuer: ISSUER });
    const first = keys.signs.verificationKey.keyId;
    const before = await codec.sign(CLAIMS, 1);
    keys.rotate();
    const after = await codec.sign(CLAIMS, 2);
    expect((await codec.open(before))?.keyId).to.equal(first);
    expect((await codec.open(after))?.keyId).to.equal(keys.signs.verificationKey.keyId);
  });

  it('finds nothing in a token of an unknown key, of another issuer, or of no form at all', async () => {
    const codec = makeTokenCodec({ keys: new Keys(), issuer: ISSUER });
    const stranger = makeTokenCodec({ keys: new Keys(), issuer: ISSUER });
    expect(await codec.open(await stranger.sign(CLAIMS, 1))).to.equal(undefined);
    const elsewhere = { ...CLAIMS, issuer: 'https://other.example' };
    expect(await codec.open(await codec.sign(elsewhere, 1))).to.equal(undefined);
    expect(await codec.open('v4.public.')).to.equal(undefined);
  });

  it('checks the signature of a good token once, and of a bad one every time', async () => {
    const keys = new Keys();
    const codec = makeTokenCodec({ keys, issuer: ISSUER });
    const token = await codec.sign(CLAIMS, 1);
    for (let i = 0; i < 3; i += 1) expect(await codec.open(token)).not.to.equal(undefined);
    expect(keys.asked).to.equal(1);
    const bad = token.replace('v4.public.ey', 'v4.public.ez');
    for (let i = 0; i < 3; i += 1) expect(await codec.open(bad)).to.equal(undefined);
    expect(keys.asked).to.equal(4);
  });

  it('looks up no key for a text that is no token', async () => {
    const keys = new Keys();
    const codec = makeTokenCodec({ keys, issuer: ISSUER });
    for (const text of ['', 'x', 'v4.local.AAAA', `v4.public.${'A'.repeat(5000)}`]) await codec.open(text);
    expect(keys.asked).to.equal(0);
  });
});
