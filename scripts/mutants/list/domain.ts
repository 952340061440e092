import { type Mutant, mutant } from '../mutant.js';

/** Faults in the rules. */
export const DOMAIN: readonly Mutant[] = [
  mutant(
    'the mark is not looked at when a token is issued',
    'src/domain/authenticate-client.ts',
    [' && client?.mark === undefined', ''],
    ['wire/grpc/token-service', 'domain/rotating'],
    [
      'TokenService over gRPC IssueToken refuses unknown, wrong, revoked and deleted clients alike, and says nothing else',
    ],
  ),
  mutant(
    'an expired secret is still good',
    'src/domain/authenticate-client.ts',
    ['isLive(match, now)', 'true'],
    ['domain/token-life'],
    ['cannot begin with a secret that has expired'],
  ),
  mutant(
    'a right secret is held up for failures beside it',
    'src/domain/authenticate-client.ts',
    [
      'if (sighting === undefined ||',
      'if ((await throttle.failed(clientId, call.sourceAddress)) !== undefined || sighting === undefined ||',
    ],
    ['domain/failures', 'domain/granting'],
    ['failed credentials are counted once each, whether unknown, malformed, wrong, expired or revoked'],
  ),
  mutant(
    'the generation in a token is not compared with the client’s',
    'src/domain/examine-token.ts',
    ['claims.generation < look.generation || look.tokenRevoked', 'look.tokenRevoked'],
    ['domain/token-life'],
    ['is over with the revocation of its client,'],
  ),
  mutant(
    'the id of a token is not looked up among the revoked',
    'src/domain/examine-token.ts',
    [' || look.tokenRevoked', ''],
    ['wire/grpc/token-service'],
    [
      'TokenService over gRPC revocation of a token ends it, and is told only for living tokens of others that this is not allowed',
    ],
  ),
  mutant(
    'a revoked or removed key goes on being trusted',
    'src/domain/examine-token.ts',
    ['return keys.trusts(keyId, look.ringVersion);', 'return keys !== undefined && keyId !== undefined;'],
    ['domain/token-life'],
    ['is over with the revocation of the key that signed it'],
  ),
  mutant(
    'an expired token introspects as active',
    'src/domain/examine-token.ts',
    ['if (!isTimely(claims, clock.now())) return false;', 'isTimely(claims, clock.now());'],
    ['domain/token-life'],
    ['ends 5 s after its expiry'],
  ),
  mutant(
    'a signature is checked for whoever asks',
    'src/domain/examine-token.ts',
    ['early?.catch(() => undefined);', 'early?.catch(() => undefined); void reading.prove();'],
    ['domain/examining'],
    ['examining a token checks no signature for whoever is not admitted'],
  ),
  mutant(
    'what a token says of itself is taken for proven',
    'src/domain/examine-token.ts',
    [
      'const proof = reading.prove();',
      'const proof = Promise.resolve(reading.prove()).then((it) => it ?? (reading.claimed as never));',
    ],
    ['domain/examining'],
    ['examining a token takes no token’s word'],
  ),
  mutant(
    'a token for any audience opens the administration',
    'src/domain/admit.ts',
    ['if (audience !== issuer) throw invalidToken();', ''],
    ['wire/grpc/token-service', 'wire/grpc/client-service'],
    ['TokenService over gRPC a default token, replayed by whoever received it, can do nothing here'],
  ),
  mutant(
    'a token keeps the scopes that its client has lost',
    'src/domain/admit.ts',
    ['scopes.filter((scope) => stillAllowed(client.allowedScopes, scope))', 'scopes'],
    ['wire/grpc/token-service', 'wire/grpc/client-service', 'domain/permissions.property'],
    ['permissions of a token are gone as soon as its client has lost them, or may not come here any more'],
  ),
  mutant(
    'an RPC without a rule is open to everybody',
    'src/domain/permission.ts',
    [
      "if (rule === undefined) throw new AuthError('insufficient_scope', 'Nobody may call this.');",
      'if (rule === undefined) return;',
    ],
    ['wire/grpc/rules', 'domain/permissions.property'],
    ['permissions of an RPC without a rule are held by nobody'],
  ),
  mutant(
    'an administrator can be changed by someone who lacks its scopes',
    'src/domain/update-client.ts',
    [
      'requireAuthorityOver(caller.scopes, client.allowedScopes, settings',
      'requireAuthorityOver(caller.scopes, settings',
    ],
    ['wire/grpc/client-service', 'domain/permissions.property'],
    ['permissions let every subset of them do to a client that introspects what is lawful, and nothing else'],
  ),
  mutant(
    'an administrator can be made by someone who is none',
    'src/domain/update-client.ts',
    ['client.allowedScopes, settings.allowedScopes);', 'client.allowedScopes);'],
    ['wire/grpc/client-service', 'domain/permissions.property'],
    ['permissions let every subset of them do to a client that introspects what is lawful, and nothing else'],
  ),
  mutant(
    'whoever may write clients can rotate their way into an administrator',
    'src/domain/rotate-client-secret.ts',
    ['requireAuthorityOver(caller.scopes, client.allowedScopes);', 'requireAuthorityOver(caller.scopes);'],
    ['wire/grpc/client-service', 'domain/permissions.property'],
    ['permissions let every subset of them do to a client that introspects what is lawful, and nothing else'],
  ),
  mutant(
    'introspection answers about audiences that the caller does not serve',
    'src/domain/introspect-token.ts',
    [
      'alive !== undefined && serves(caller, alive.claims.audience) ? alive : undefined',
      'alive !== undefined && serves !== undefined ? alive : caller && undefined',
    ],
    ['wire/grpc/token-service'],
    [
      'TokenService over gRPC introspection needs a caller, the permission, and an audience that the caller serves',
    ],
  ),
  mutant(
    'anybody may revoke anybody’s token',
    'src/domain/revoke-token.ts',
    [
      "if (!own && !holds(caller.scopes, 'countersign:clients:revoke')) {",
      "if (!own && !holds(caller.scopes, 'countersign:clients:revoke') && call === undefined) {",
    ],
    ['wire/grpc/token-service'],
    [
      'TokenService over gRPC revocation of a token ends it, and is told only for living tokens of others that this is not allowed',
    ],
  ),
  mutant(
    'failures are counted by client alone, so that anybody can shut a client out',
    'src/adapters/throttle/local-throttle.ts',
    ['source: sourceNetworkOf(sourceAddress)', 'source: sourceNetworkOf(sourceAddress) && "everywhere"'],
    ['adapters/throttle/failure-throttle'],
    ['the throttle of failures of one process does not hold the failures of one address against another'],
  ),
  mutant(
    'a stream outlives the revocation of its caller',
    'src/domain/standing-admission.ts',
    [
      'else if (concerns(revocation, this.#caller)) void this.#check();',
      'else concerns(revocation, this.#caller);',
    ],
    ['domain/standing-admission'],
    ['an admission to a stream ends at once when the caller itself is revoked'],
  ),
  mutant(
    'a revocation during the admission to a stream is missed',
    'src/domain/standing-admission.ts',
    [
      'if (this.#caller === undefined) this.#early.push(revocation);',
      'if (this.#caller === undefined) return;',
    ],
    ['domain/standing-admission'],
    ['an admission to a stream does not miss a revocation that came while it was first being decided'],
  ),
  mutant(
    'a key signs before it is active',
    'src/domain/key-life.ts',
    ['able.findLast((key) => activationOf(key) <= nowMs) ?? able[0]', 'able.at(-1)'],
    ['domain/key-life'],
    [
      'the life of a signing key is published a lead before it signs, signs for a period, and stays for the overlap',
    ],
  ),
  mutant(
    'a revoked key goes on signing',
    'src/domain/key-life.ts',
    [
      'key.wrappedSecret !== undefined && key.retireTimeMs === undefined && key.revokeTimeMs === undefined',
      'key.retireTimeMs === undefined',
    ],
    ['domain/key-life'],
    ['the life of a signing key ends with its revocation, and another key signs in the same step'],
  ),
  mutant(
    'what a failover lost is not put back',
    'src/domain/feed-reader.ts',
    ['await source.merge(lost);', ''],
    ['domain/feed/feed-hub'],
    [
      'the feed hub when the epoch changes puts back what a failover lost, and sends every watcher a fresh snapshot',
    ],
  ),
  mutant(
    'heartbeats go on while the store confirms nothing',
    'src/domain/feed-hub.ts',
    ['else if (this.#isFollowing) watcher.beat', 'else watcher.beat'],
    ['domain/feed/feed-hub'],
    ['the feed hub heartbeats stop at once when the store is lost'],
  ),
  mutant(
    'a gap in the feed goes unnoticed by the server',
    'src/domain/feed-reader.ts',
    ['if (found !== sequence + 1) throw', 'if (found < 0) throw'],
    ['domain/feed/feed-hub'],
    ['the feed hub with a store that breaks its word begins anew when a change is skipped or repeated'],
  ),
];
