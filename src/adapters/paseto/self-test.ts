import { sign, verify } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Key, PAE, PublicProtocol, PublicSign, PublicVerify } from 'paseto';
import type { ClientId, Generation, TokenId } from '../../domain/ids.js';
import type { TokenClaims } from '../../domain/token.js';
import { makeSecretKey, type SecretKey } from './paserk.js';
import { footerFor, parsePublicToken, TOKEN_HEADER, verifyPublicTokenSync } from './public-token.js';
import { claimsFromPayload } from './token-claims.js';
import { keyFooter, signedToken } from './token-text.js';
import { payloadFromClaims } from './written-payload.js';

const CLAIMS: TokenClaims = {
  tokenId: 'self-test' as TokenId,
  issuer: 'https://self-test.example',
  clientId: 'self-test' as ClientId,
  audience: 'https://self-test.example',
  scopes: ['self:test'],
  issuedAtSeconds: 1_800_000_000,
  notBeforeSeconds: 1_800_000_000,
  expiresAtSeconds: 1_800_003_600,
  generation: 0 as Generation,
  ext: { text: 'ü' },
};

type LibraryKey = Key & { readonly secret: SecretKey };

/** The paseto library's own protocol, with its own framing; only Ed25519 itself is node:crypto's here as there. */
const library = new PublicProtocol(
  PublicSign<4, LibraryKey>({
    version: 4,
    run: async ({ secret }, message, footer, implicit) =>
      sign(null, framed(message, footer, implicit), secret.keyObject),
  }),
  PublicVerify<4, LibraryKey>({
    version: 4,
    run: async ({ secret }, message, signature, footer, implicit) =>
      verify(null, framed(message, footer, implicit), secret.verificationKey.keyObject, signature),
  }),
);

const framed = (...pieces: readonly Uint8Array[]): Uint8Array => PAE([Buffer.from(TOKEN_HEADER), ...pieces]);

/**
 * Holds our framing to the `paseto` library's before the first token is made: Ed25519 is deterministic, so both have to
 * make one token of the same claims, and each has to read the other's. Rejects when they do not, and the server does not
 * start: better none than one whose tokens nobody else can check.
 *
 * @param make for a test of the test
 */
export async function selfTest(make: typeof signedToken = signedToken): Promise<void> {
  const secret = makeSecretKey();
  const { keyId } = secret.verificationKey;
  const payload = payloadFromClaims(CLAIMS);
  const ours = make(payload, secret.keyObject, keyFooter(keyId));
  const key = { secret } as LibraryKey;
  const theirs = await library.Sign(key, JSON.parse(payload), { footer: Buffer.from(footerFor(keyId)) });
  const parsed = parsePublicToken(theirs);
  const read = parsed && verifyPublicTokenSync(parsed, secret.verificationKey);
  const { claims } = await library.Verify(key, ours, { now: new Date(CLAIMS.issuedAtSeconds * 1000) });
  const readByThem = claimsFromPayload(Buffer.from(JSON.stringify(claims)));
  if (ours !== theirs || ![read, readByThem].every((one) => isDeepStrictEqual(one, CLAIMS))) {
    throw new Error('Our tokens are not those of the PASETO library.');
  }
}
