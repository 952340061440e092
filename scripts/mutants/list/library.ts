import { type Mutant, mutant } from '../mutant.js';

/** Faults in the library that other services run. */
export const LIBRARY: readonly Mutant[] = [
  mutant(
    'a heartbeat counts whatever its cursor',
    'src/sdk/feed-reading.ts',
    [
      "if (ahead === undefined || ahead > 0) return 'gap';\n    if (ahead < 0) return 'ignored';",
      'if (ahead === 0.5) return "ignored";',
    ],
    ['sdk/feed-reading', 'sdk/feed.property'],
    ['FeedReading finds a gap by the next change or by the next heartbeat'],
  ),
  mutant(
    'a heartbeat that was held up is taken for fresh',
    'src/sdk/feed-reading.ts',
    ['Math.min(boundMs, receivedAtMs)', 'Math.max(boundMs, receivedAtMs)'],
    ['sdk/feed-reading', 'sdk/feed.property'],
    ['FeedReading is not made fresh by a snapshot, only by a heartbeat for exactly what was applied'],
  ),
  mutant(
    'a change that was lost goes unnoticed',
    'src/sdk/feed-reading.ts',
    [
      "else if (ahead === undefined || ahead > 1) return 'gap';",
      'else if (ahead !== undefined && ahead > 1) this.#cursor = cursor;',
    ],
    ['sdk/feed-reading', 'sdk/feed.property'],
    ['FeedReading finds a gap by the next change or by the next heartbeat'],
  ),
  mutant(
    'a verifier calls itself fresh over an entry that it does not understand',
    'src/sdk/feed-follower.ts',
    ['if (!this.#blind) this.#confirmedAtMs', 'this.#confirmedAtMs'],
    ['sdk/feed-follower'],
    ['FeedFollower never calls itself fresh again after an entry of a kind it does not know'],
  ),
  mutant(
    'a remembered token outlives its client’s generation',
    'src/sdk/create-verifier.ts',
    [' || this.#refusalOf(known) !== undefined) return undefined;', ') return undefined;'],
    ['sdk/verifier', 'sdk/verifier.property'],
    ['createVerifier while fresh refuses a token that it remembers as soon as its client is revoked'],
  ),
  mutant(
    'the generation is not compared',
    'src/sdk/verified-token.ts',
    ["if (token.generation < ledger.generationOf(token.clientId)) return 'client_revoked';", ''],
    ['sdk/verifier', 'sdk/verifier.property'],
    ['createVerifier while fresh refuses a token that it remembers as soon as its client is revoked'],
  ),
  mutant(
    'revoked token ids are not looked at',
    'src/sdk/verified-token.ts',
    ["if (ledger.isTokenRevoked(token.tokenId)) return 'token_revoked';", ''],
    ['sdk/verifier', 'sdk/verifier.property'],
    ['createVerifier while fresh refuses a token that it remembers as soon as its id is revoked'],
  ),
  mutant(
    'revoked keys are not looked at',
    'src/sdk/verified-token.ts',
    ["if (ledger.isKeyRevoked(token.keyId)) return 'key_revoked';", ''],
    ['sdk/verifier', 'sdk/verifier.property'],
    ['createVerifier while fresh refuses a token that it remembers as soon as its key is revoked'],
  ),
  mutant(
    'a clock that was set back wakes the dead',
    'src/sdk/verified-token.ts',
    ["if (token.rememberedUntilSeconds <= ledger.forgottenThroughSeconds) return 'expired';", ''],
    ['sdk/verifier', 'sdk/verifier.property'],
    [
      'createVerifier while fresh does not let a token live again when the clock is set back over a forgotten revocation',
    ],
  ),
  mutant(
    'staleness is ignored',
    'src/sdk/create-verifier.ts',
    [
      'return !this.#closed && this.#follower.stalenessMs() <= this.#settings.freshMs;',
      'return !this.#closed;',
    ],
    ['sdk/verifier', 'sdk/verifier.property'],
    ['createVerifier decides alone up to 1.5 s and tells when that changes'],
  ),
  mutant(
    'accepting while stale has no bound',
    'src/sdk/create-verifier.ts',
    ["if (this.staleness() > this.#settings.maxStalenessMs) throw new VerifyError('stale');\n", ''],
    ['sdk/verifier'],
    [
      'createVerifier while stale accepts under accept up to its bound and denies past it, and before the first snapshot',
    ],
  ),
  mutant(
    'what the server says of a token while stale is ignored',
    'src/sdk/create-verifier.ts',
    ["if (!answer.active || answer.tokenId !== verified.tokenId) throw new VerifyError('inactive');", ''],
    ['sdk/verifier'],
    ['createVerifier while stale asks again for the next call: an answer is not remembered'],
  ),
  mutant(
    'an outage of the server counts as its yes',
    'src/sdk/introspector.ts',
    [
      "throw new VerifyError('stale', { cause: errorFromService(err) });",
      'return { active: true } as IntrospectTokenResponse;',
    ],
    ['sdk/verifier', 'sdk/verifier.property'],
    ['createVerifier while stale is unsure, not sure of the worst, when the service does not answer'],
  ),
  mutant(
    'a token for another service is accepted',
    'src/sdk/authenticator.ts',
    ["if (claims.audience !== audience) throw new VerifyError('wrong_audience');", ''],
    ['sdk/verifier'],
    [
      'createVerifier while fresh refuses what is malformed, forged, of another issuer or audience, or out of its time',
    ],
  ),
  mutant(
    'a token of another issuer is accepted',
    'src/sdk/authenticator.ts',
    ["if (claims.issuer !== issuer) throw new VerifyError('wrong_issuer');", ''],
    ['sdk/verifier'],
    [
      'createVerifier while fresh refuses what is malformed, forged, of another issuer or audience, or out of its time',
    ],
  ),
  mutant(
    'a key counts under whatever id it is published',
    'src/sdk/key-set.ts',
    ['key.keyId === keyId && key.publicKey === publicKey', 'key.publicKey === publicKey'],
    ['sdk/verifier'],
    ['createVerifier the key set takes in no key under a foreign id, and no empty set'],
  ),
  mutant(
    'a method without a rule is open',
    'src/sdk/grpc-guard.ts',
    [
      "requirements.get(path) ?? requirements.get(path.replace(/[^/]*$/, '*'))",
      "requirements.get(path) ?? requirements.get(path.replace(/[^/]*$/, '*')) ?? requirementFrom({ public: true }, path)",
    ],
    ['sdk/grpc-guard'],
    ['grpcGuard refuses a method without a rule to everyone'],
  ),
  mutant(
    'the gRPC guard does not look at scopes',
    'src/sdk/grpc-guard.ts',
    [
      'if (isSatisfied(requirement, principal.scopes)) admitted',
      'if (isSatisfied(requirement, principal.scopes) || principal) admitted',
    ],
    ['sdk/grpc-guard'],
    ['grpcGuard R7 of R4: refuses a scope too small as PERMISSION_DENIED'],
  ),
  mutant(
    'the HTTP guard does not look at scopes',
    'src/sdk/http-guard.ts',
    [
      'if (isSatisfied(requirement, principal.scopes)) {',
      'if (isSatisfied(requirement, principal.scopes) || principal) {',
    ],
    ['sdk/http-guard'],
    ['httpGuard R4: answers 403 insufficient_scope and names the scopes'],
  ),
];
