import { generateKeyPairSync, sign } from 'node:crypto';
import { makeSecretKey } from '../../../src/adapters/paseto/paserk.js';
import { footerFor, signedBytes } from '../../../src/adapters/paseto/public-token.js';
import { makeTokenCodec } from '../../../src/adapters/paseto/token-codec.js';
import { clientId, generation, tokenId } from '../../support/records.js';
import { guided } from '../guided.js';
import { hold, type Target } from '../target.js';

const ISSUER = 'https://issuer.example';
const key = makeSecretKey();
const { keyId } = key.verificationKey;
const codec = makeTokenCodec({
  issuer: ISSUER,
  keys: {
    signingKey: async () => key,
    verificationKey: async (asked) => (asked === keyId ? key.verificationKey : undefined),
  },
});

const CLAIMS = {
  tokenId: tokenId('A'.repeat(22)),
  issuer: ISSUER,
  clientId: clientId('orders'),
  audience: 'https://orders.example',
  scopes: ['orders:read'],
  issuedAtSeconds: 1_900_000_000,
  notBeforeSeconds: 1_900_000_000,
  expiresAtSeconds: 1_900_003_600,
  generation: generation(7),
  ext: undefined,
};

/** A token is bytes that somebody holds out to us: whatever is not, byte for byte, what we signed is none. */
export async function tokenTarget(): Promise<Target> {
  const tokens = await Promise.all(
    [undefined, { team: 'a' }, { nested: { list: [1, 'é'] } }].map((ext) =>
      codec.sign({ ...CLAIMS, ext }, 1),
    ),
  );
  const ours = new Set(tokens);
  return guided({
    name: 'tokens and footers',
    share: 20,
    seeds: [...tokens, 'v4.public.', `v4.local.${'A'.repeat(200)}`],
    words: [
      'v4.public.',
      'v4.local.',
      'v3.public.',
      keyId,
      '{"kid":"',
      '"}',
      '.',
      ...tokens.map((token) => token.split('.')[3] ?? ''),
    ],
    async judge(input) {
      const text = input.toString('latin1');
      const authentic = await codec.open(text);
      hold(authentic === undefined || ours.has(text), 'a token was accepted that nobody signed');
      hold(!ours.has(text) || authentic !== undefined, 'a token of ours was refused');
    },
  });
}

/** What a signer of ours would never write, signed with our key: only our exact form may pass. */
export function payloadTarget(): Target {
  const footer = Buffer.from(footerFor(keyId));
  const { privateKey } = generateKeyPairSync('ed25519');
  const tokenOf = (message: Buffer, by: typeof privateKey): string => {
    const signature = sign(null, signedBytes(message, footer), by);
    return `v4.public.${Buffer.concat([message, signature]).toString('base64url')}.${footer.toString('base64url')}`;
  };
  const payload = JSON.stringify({
    iss: ISSUER,
    sub: 'orders',
    aud: 'a',
    iat: '2030-03-17T17:46:40Z',
    nbf: '2030-03-17T17:46:40Z',
    exp: '2030-03-17T18:46:40Z',
    jti: 'A'.repeat(22),
    client_id: 'orders',
    scope: 'orders:read',
    sub_kind: 'service',
    gen: 7,
    ext: { team: 'a' },
  });
  return guided({
    name: 'payloads, signed',
    share: 3,
    seeds: [payload, '{}', '[]', '{"iss":{"__proto__":1}}'],
    words: [
      '"iss":',
      '"sub":',
      '"gen":',
      '"ext":{',
      '"scope":',
      '"sub_kind":"service"',
      '"__proto__":{}',
      ISSUER,
      '2030-02-30T00:00:00Z',
    ],
    async judge(input) {
      hold(
        (await codec.open(tokenOf(input, privateKey))) === undefined,
        'a token of another key was accepted',
      );
      const claims = (await codec.open(tokenOf(input, key.keyObject)))?.claims;
      if (claims === undefined) return;
      hold(
        claims.issuer === ISSUER && /^[A-Za-z0-9._-]{1,64}$/.test(claims.clientId),
        'claims out of form passed',
      );
      hold(
        Number.isSafeInteger(claims.generation) && claims.generation >= 0,
        'a generation out of form passed',
      );
      hold(Number.isSafeInteger(claims.expiresAtSeconds), 'an expiry out of form passed');
    },
  });
}
