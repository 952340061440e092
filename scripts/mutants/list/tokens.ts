import { type Mutant, mutant } from '../mutant.js';

/** Faults in tokens, keys and secrets. */
export const TOKENS: readonly Mutant[] = [
  mutant(
    'what the signature check says is ignored',
    'src/adapters/paseto/public-token.ts',
    ['else resolve(good);', 'else resolve(good || !good);'],
    ['adapters/paseto/public-token', 'adapters/paseto/token-codec'],
    [
      'the verify half of v4.public refuses, however it was signed, a token of another key, also when it names ours',
    ],
  ),
  mutant(
    'the claims are read before the signature is checked',
    'src/adapters/paseto/public-token.ts',
    [
      'return (await isSignedBy(parsed, key)) ? claimsFromPayload(parsed.message) : undefined;',
      'const claims = claimsFromPayload(parsed.message); return (await isSignedBy(parsed, key)) ? claims : undefined;',
    ],
    ['adapters/paseto/public-token'],
    ['parses nothing of a payload before its signature is good'],
  ),
  mutant(
    'a token of another issuer is taken for ours',
    'src/adapters/paseto/token-codec.ts',
    [
      'if (claims?.issuer !== issuer) return undefined;',
      'if (claims === undefined || issuer === "") return undefined;',
    ],
    ['adapters/paseto/token-codec'],
    ['the token codec finds nothing in a token of an unknown key, of another issuer, or of no form at all'],
  ),
  mutant(
    'a footer may say more than the key’s id',
    'src/adapters/paseto/public-token.ts',
    [
      'if (bytes === undefined || !json?.startsWith(FOOTER_START) || !json.endsWith(FOOTER_END)) return undefined;',
      'if (bytes === undefined || json === undefined) return undefined;',
    ],
    ['adapters/paseto/public-token'],
    ['a footer of the same length under another name'],
  ),
  mutant(
    'the footer read last is taken for every footer',
    'src/adapters/paseto/public-token.ts',
    ['if (lastFooter?.text === text) return lastFooter;', 'if (lastFooter !== undefined) return lastFooter;'],
    ['adapters/paseto/public-token'],
    ['the verify half of v4.public'],
  ),
  mutant(
    'the quick reader does not compare the two ids of a client',
    'src/adapters/paseto/written-payload.ts',
    ['"client_id":"\\\\2"', '"client_id":"[A-Za-z0-9._-]{1,64}"'],
    ['adapters/paseto/written-payload'],
    ['the quick reader of payloads leaves to the other what it cannot read one way only'],
  ),
  mutant(
    'a payload is signed with the key of those that were collected before it',
    'src/adapters/paseto/key-thread.ts',
    ['if (wantedOf !== undefined && wantedOf.keyObject !== key.keyObject) send();', ''],
    ['adapters/paseto/signing-thread'],
    ['the signing thread signs each payload with the key it was handed in with'],
  ),
  mutant(
    'the checking thread calls every token signed',
    'src/adapters/paseto/checking-thread.ts',
    ['=== SIGNED;', '!== undefined;'],
    ['adapters/paseto/checking-thread'],
    ['the checking thread says of each token what the thread pool says'],
  ),
  mutant(
    'a token of any length is decoded',
    'src/adapters/paseto/public-token.ts',
    ['token.length > MAX_TOKEN_BYTES || payloadEnd', 'MAX_TOKEN_BYTES < 0 || payloadEnd'],
    ['adapters/paseto/public-token'],
    ['the verify half of v4.public refuses by its form alone, before any signature, more than 4096 bytes'],
  ),
  mutant(
    'JSON may name a key twice',
    'src/adapters/paseto/strict-json.ts',
    ['if (keys.has(key)) throw new SyntaxError', 'if (keys.has(key) && key === "") throw new SyntaxError'],
    ['adapters/paseto/strict-json', 'adapters/paseto/public-token'],
    ['strict JSON refuses an object that names a key twice, at any depth and beside any other content'],
  ),
  mutant(
    'base64url is read as laxly as Node does',
    'src/adapters/paseto/base64url.ts',
    ["bytes.toString('base64url') === text ? bytes : undefined", 'bytes'],
    ['adapters/paseto/public-token', 'adapters/paseto/paserk'],
    ['the verify half of v4.public refuses by its form alone, before any signature, a fifth part'],
  ),
  mutant(
    'a public key of small order is taken',
    'src/adapters/paseto/ed25519-point.ts',
    [' && !hasSmallOrder(y2)', ' && hasSmallOrder !== undefined'],
    ['adapters/paseto/verification-key'],
    ['a verification key is refused at every point of small order, under which anyone can forge'],
  ),
  mutant(
    'a public key in a second encoding is taken',
    'src/adapters/paseto/ed25519-point.ts',
    ['if (y >= P) return false;', ''],
    ['adapters/paseto/verification-key'],
    ['a verification key is refused in any encoding but the canonical one'],
  ),
  mutant(
    'the subject may be another than the client',
    'src/adapters/paseto/token-claims.ts',
    ['!isClientId(clientId) || sub !== clientId', '!isClientId(clientId) || sub === undefined'],
    ['adapters/paseto/public-token', 'adapters/paseto/token-codec'],
    [
      'the verify half of v4.public refuses, however it was signed, a payload with a subject other than its client',
    ],
  ),
  mutant(
    'a token is for a person as well as for a machine',
    'src/adapters/paseto/token-claims.ts',
    ["claims.sub_kind !== 'service' || ", ''],
    ['adapters/paseto/public-token', 'adapters/paseto/token-codec'],
    ['the verify half of v4.public refuses, however it was signed, a payload with a user for its subject'],
  ),
  mutant(
    'a server goes on with the ring that it holds, whatever a look says',
    'src/adapters/paseto/live-ring.ts',
    ['held?.stored.version === version && ageMs', 'held !== undefined && version >= 0 && ageMs'],
    ['adapters/paseto/key-ring', 'domain/signing-keys'],
    [
      'the key ring as servers change it an immediate rotation reaches every server with its next look, and old tokens stay good',
    ],
  ),
  mutant(
    'a revoked key is forgotten when a failover forgets it',
    'src/adapters/paseto/key-ring.ts',
    ['verificationKeys.has(keyId) && !live.hasRevoked(keyId)', 'verificationKeys.has(keyId)'],
    ['adapters/paseto/key-ring', 'domain/signing-keys'],
    [
      'the key ring as servers change it a revoked key is trusted nowhere as of the next look, is published no more, and another signs',
    ],
  ),
  mutant(
    'a key ring of another store is taken for ours',
    'src/adapters/paseto/live-ring.ts',
    ['found?.marker.storeId !== this.options.storeId', 'found === undefined'],
    ['adapters/paseto/key-ring'],
    ['answers nothing from the ring of another store'],
  ),
  mutant(
    'an unknown client costs less than a wrong secret',
    'src/adapters/secrets/secret-hasher.ts',
    ['Math.max(MAX_LIVE_SECRETS, stored.length)', 'Math.min(MAX_LIVE_SECRETS, stored.length)'],
    ['adapters/secrets/secret-hasher'],
    [
      'the secret hasher computes one HMAC for a client that does not exist, and one for each pepper of one that does',
    ],
  ),
  mutant(
    'a secret that cannot be checked is called wrong',
    'src/adapters/secrets/secret-hasher.ts',
    [
      'if (found === undefined && unknownPepper !== undefined) {',
      'if (found !== undefined && unknownPepper === "") {',
    ],
    ['adapters/secrets/secret-hasher'],
    ['the secret hasher does not call a secret wrong that is under a pepper it has yet to learn of'],
  ),
  mutant(
    'the log is not searched for secrets',
    'src/log.ts',
    ['sink.write(scrub(line))', 'sink.write(line)'],
    ['log'],
    ['the log writes no secret, whatever field, message or error it hides in'],
  ),
];
