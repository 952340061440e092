import { createPrivateKey, sign } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { sign as pasetoTsSign, verify as pasetoTsVerify } from 'paseto-ts/v4';
import {
  footerFor,
  parsePublicToken,
  signedBytes,
  verifyPublicToken,
  verifyPublicTokenSync,
} from '../../../src/adapters/paseto/public-token.js';
import type { TokenClaims } from '../../../src/domain/token.js';
import { CLAIMS, makePair, PAYLOAD, type Pair, signToken } from './tokens.js';
import { textIn, vectorsOf } from './vectors.js';

/** What both ways of verifying say of a token; they must agree. */
async function open(token: string, pair: Pair): Promise<TokenClaims | undefined> {
  const parsed = parsePublicToken(token);
  if (parsed === undefined) return undefined;
  const claims = await verifyPublicToken(parsed, pair.key);
  expect(verifyPublicTokenSync(parsed, pair.key)).to.deep.equal(claims);
  return claims;
}

describe('the verify half of v4.public', () => {
  const pair = makePair();
  const other = makePair();
  const token = signToken(pair);

  describe('a good token', () => {
    it('says exactly what was signed', async () => {
      expect(await open(token, pair)).to.deep.equal(CLAIMS);
    });

    it('may have no scopes and no ext', async () => {
      const { ext: _, ...rest } = PAYLOAD;
      const claims = await open(signToken(pair, JSON.stringify({ ...rest, scope: '' })), pair);
      expect(claims).to.deep.equal({ ...CLAIMS, scopes: [], ext: undefined });
    });

    it('may hold a claim that a later server added', async () => {
      expect(await open(signToken(pair, JSON.stringify({ ...PAYLOAD, later: 1 })), pair)).to.deep.equal(
        CLAIMS,
      );
    });

    it('may be written with spaces and in another order, as another implementation would', async () => {
      const reversed = Object.fromEntries(Object.entries(PAYLOAD).reverse());
      expect(await open(signToken(pair, JSON.stringify(reversed, null, 2)), pair)).to.deep.equal(CLAIMS);
    });

    it('checks with an implementation that shares no code with ours, and its tokens check here', async () => {
      expect(pasetoTsVerify(pair.key.publicKey, token, { validatePayload: false })).to.deep.include({
        footer: { kid: pair.key.keyId },
      });
      const jwk = pair.secret.export({ format: 'jwk' });
      const secret = Buffer.concat([
        Buffer.from(jwk.d ?? '', 'base64url'),
        Buffer.from(jwk.x ?? '', 'base64url'),
      ]);
      const theirs = pasetoTsSign(`k4.secret.${secret.toString('base64url')}`, PAYLOAD, {
        footer: { kid: pair.key.keyId },
        addIat: false,
        addExp: false,
        validatePayload: false,
      });
      expect(await open(theirs, pair)).to.deep.equal(CLAIMS);
    });
  });

  it('frames what is signed as the official vectors do', () => {
    for (const vector of vectorsOf('v4').filter(
      (v) => v.name.startsWith('4-S') && v['implicit-assertion'] === '',
    )) {
      const footer = Buffer.from(textIn(vector, 'footer'));
      const message = Buffer.from(textIn(vector, 'payload'));
      const signature = sign(
        null,
        signedBytes(message, footer),
        createPrivateKey(textIn(vector, 'secret-key-pem')),
      );
      const body = Buffer.concat([message, signature]).toString('base64url');
      expect(textIn(vector, 'token').split('.')[2]).to.equal(body);
    }
  });

  it('refuses every official token, good or bad, because none has our footer', () => {
    for (const vector of vectorsOf('v4'))
      expect(parsePublicToken(textIn(vector, 'token'))).to.equal(undefined);
  });

  describe('refuses by its form alone, before any signature,', () => {
    const [, , body = '', footer = ''] = token.split('.');
    const footerOf = (text: string): string => Buffer.from(text).toString('base64url');
    const refused: Record<string, string> = {
      'the empty text': '',
      'a header alone': 'v4.public.',
      'another version': token.replace('v4', 'v3'),
      'another purpose': token.replace('public', 'local'),
      'a header in capitals': token.replace('v4.public', 'V4.PUBLIC'),
      'a space before it': ` ${token}`,
      'a line break after it': `${token}\n`,
      'no footer': `v4.public.${body}`,
      'an empty footer': `v4.public.${body}.`,
      'a fifth part': `${token}.${footer}`,
      'padding in the footer': `${token}==`,
      'padding in the body': `v4.public.${body}=.${footer}`,
      'a character of plain base64': `v4.public.+${body.slice(1)}.${footer}`,
      'a stray character': `v4.public.${body.slice(0, 9)}!${body.slice(9)}.${footer}`,
      'a character beyond ASCII': `v4.public.é${body.slice(1)}.${footer}`,
      'a body of 64 bytes': `v4.public.${Buffer.alloc(64).toString('base64url')}.${footer}`,
      'a body of one impossible length': `v4.public.${'A'.repeat(89)}.${footer}`,
      'more than 4096 bytes': signToken(pair, JSON.stringify({ ...PAYLOAD, ext: { pad: 'x'.repeat(3000) } })),
      'a footer that is no JSON': `v4.public.${body}.${footerOf(pair.key.keyId)}`,
      'a footer with a second key': `v4.public.${body}.${footerOf(`{"kid":"${pair.key.keyId}","x":1}`)}`,
      'a footer with the key twice': `v4.public.${body}.${footerOf(`{"kid":"a","kid":"${pair.key.keyId}"}`)}`,
      'a footer of the same length under another name': `v4.public.${body}.${footerOf(`{"kiD":"${pair.key.keyId}"}`)}`,
      'a footer of the same length that does not end': `v4.public.${body}.${footerOf(`{"kid":"${pair.key.keyId}" ,`)}`,
      'a footer with a space': `v4.public.${body}.${footerOf(`{"kid": "${pair.key.keyId}"}`)}`,
      'a footer that brings its own key': `v4.public.${body}.${footerOf(`{"kid":"${pair.key.publicKey}"}`)}`,
      'a footer that names a secret key': `v4.public.${body}.${footerOf(`{"kid":"k4.sid.${'A'.repeat(44)}"}`)}`,
      'a footer of 600 bytes': `v4.public.${body}.${footerOf(`{"kid":"${'A'.repeat(600)}"}`)}`,
    };
    for (const [what, text] of Object.entries(refused)) {
      it(what, () => expect(parsePublicToken(text)).to.equal(undefined));
    }

    it('non-zero trailing bits, which a lax decoder would drop', () => {
      const padded = [0, 1, 2].map((n) => signToken(pair, JSON.stringify({ ...PAYLOAD, x: 'y'.repeat(n) })));
      for (const good of padded) {
        const [, , text = ''] = good.split('.');
        if (text.length % 4 === 0) continue;
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        const next = alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1] ?? '';
        expect(parsePublicToken(good)).not.to.equal(undefined);
        expect(parsePublicToken(`v4.public.${text.slice(0, -1)}${next}.${footer}`)).to.equal(undefined);
      }
    });
  });

  it('parses nothing of a payload before its signature is good', async () => {
    const { parse } = JSON;
    let parsed = 0;
    JSON.parse = (...args: Parameters<typeof parse>) => {
      parsed += 1;
      return parse(...args);
    };
    try {
      expect(await open(signToken(other, JSON.stringify(PAYLOAD), footerFor(pair.key.keyId)), pair)).to.equal(
        undefined,
      );
      expect(parsed).to.equal(0);
      expect(await open(token, pair)).not.to.equal(undefined);
      expect(parsed).to.be.greaterThan(0);
    } finally {
      JSON.parse = parse;
    }
  });

  describe('refuses, however it was signed,', () => {
    it('a token of another key, also when it names ours', async () => {
      expect(await open(signToken(other), pair)).to.equal(undefined);
      const relabelled = signToken(other, JSON.stringify(PAYLOAD), footerFor(pair.key.keyId));
      expect(await open(relabelled, pair)).to.equal(undefined);
    });

    it('a token with any one character changed', () =>
      fc.assert(
        fc.asyncProperty(
          fc.nat(token.length - 1),
          fc.constantFrom(...'Ab9-_.=+ {'),
          async (at, character) => {
            fc.pre(token[at] !== character);
            const changed = token.slice(0, at) + character + token.slice(at + 1);
            expect(await open(changed, pair)).to.equal(undefined);
          },
        ),
        { numRuns: 300 },
      ));

    it('a token cut short or run on', () =>
      fc.assert(
        fc.asyncProperty(
          fc.nat(token.length - 1),
          fc.string({ minLength: 1, maxLength: 8 }),
          async (length, tail) => {
            expect(await open(token.slice(0, length), pair)).to.equal(undefined);
            expect(await open(token + tail, pair)).to.equal(undefined);
          },
        ),
        { numRuns: 200 },
      ));

    const wrong: Record<string, Record<string, unknown>> = {
      'no issuer': { iss: undefined },
      'an empty issuer': { iss: '' },
      'a list of audiences': { aud: ['https://ledger.example'] },
      'an empty audience': { aud: '' },
      'a subject other than its client': { sub: 'someone' },
      'no client id': { client_id: undefined, sub: undefined },
      'a client id that none may have': { client_id: 'a:b', sub: 'a:b' },
      'a token id that none may have': { jti: 'a b' },
      'no expiry': { exp: undefined },
      'an expiry as a number': { exp: 1_785_000_000 },
      'an expiry with an offset': { exp: '2026-07-30T13:00:00+00:00' },
      'an expiry with milliseconds': { exp: '2026-07-30T13:00:00.000Z' },
      'an expiry on a day that does not exist': { exp: '2026-02-30T13:00:00Z' },
      'an expiry at an hour that does not exist': { exp: '2026-07-30T24:00:00Z' },
      'an expiry in words of the same length': { exp: 'Thu, 30 Jul 2026 UTC' },
      'no not-before': { nbf: undefined },
      'no time of issue': { iat: undefined },
      'a list of scopes': { scope: ['ledger:read'] },
      'no scope claim': { scope: undefined },
      'two spaces between scopes': { scope: 'a  b' },
      'a scope with a quote': { scope: 'a"b' },
      'a user for its subject': { sub_kind: 'user' },
      'no kind of subject': { sub_kind: undefined },
      'no generation': { gen: undefined },
      'a negative generation': { gen: -1 },
      'a broken generation': { gen: 1.5 },
      'a generation past 2^53': { gen: 2 ** 53 },
      'a generation in words': { gen: '7' },
      'ext as a list': { ext: [] },
      'ext as null': { ext: null },
    };
    for (const [what, change] of Object.entries(wrong)) {
      it(`a payload with ${what}`, async () => {
        expect(await open(signToken(pair, JSON.stringify({ ...PAYLOAD, ...change })), pair)).to.equal(
          undefined,
        );
      });
    }

    const good = JSON.stringify(PAYLOAD);
    const payloads: Record<string, string | Uint8Array> = {
      'a claim named twice': good.replace('{', '{"client_id":"admin",'),
      'a claim named twice, once in escapes': good.replace('{', '{"client\\u005fid":"admin",'),
      'a key named twice deep in ext': good.replace('{"b":null}', '{"b":null,"b":1}'),
      'a list for a payload': `[${good}]`,
      'a text for a payload': '"payments"',
      'broken JSON': good.slice(0, -1),
      'a byte order mark': `\uFEFF${good}`,
      'bytes that are no UTF-8': Buffer.concat([
        Buffer.from(good.slice(0, -2)),
        Buffer.from([0xc3, 0x28, 0x22, 0x7d]),
      ]),
    };
    for (const [what, payload] of Object.entries(payloads)) {
      it(`a payload with ${what}`, async () => {
        expect(await open(signToken(pair, payload), pair)).to.equal(undefined);
      });
    }

    it('a payload nested as deep as a token can be, without running out of stack', async () => {
      const deep = `${'['.repeat(1200)}${']'.repeat(1200)}`;
      const nested = signToken(pair, JSON.stringify(PAYLOAD).replace('{"team"', `{ "deep":${deep},"team"`));
      expect(await open(nested, pair)).not.to.equal(undefined);
    });
  });
});
