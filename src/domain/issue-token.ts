import { grantAudience } from './audience.js';
import type { AuthenticateClient } from './authenticate-client.js';
import type { UseCase } from './call.js';
import type { ClientSettings } from './client.js';
import { AuthError, invalidClient, invalidRequest } from './errors.js';
import type { TokenId } from './ids.js';
import { type IssueQuota, requireQuota } from './issue-quota.js';
import type { Clock, Ids, TokenCodec } from './ports.js';
import { grantScopes } from './scope.js';
import { MAX_TOKEN_BYTES } from './token.js';

export interface IssueTokenRequest {
  /** As sent; empty when left out. gRPC has only this one grant and names it itself. */
  readonly grantType: string;
  readonly scopes: readonly string[];
  /** Empty: not asked for. */
  readonly audience: string;
  /** RFC 8707; empty: not asked for. */
  readonly resources: readonly string[];
  /** 0: the client's default. */
  readonly ttlSeconds: number;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly tokenId: TokenId;
  readonly expiresAtSeconds: number;
  readonly expiresInSeconds: number;
  readonly scopes: readonly string[];
  readonly audience: string;
}

/** How long tokens live, in seconds. */
export interface TokenLife {
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
}

export type IssueToken = UseCase<IssueTokenRequest, IssuedToken>;

/**
 * Trades a client's secret for a token (RFC 6749 section 4.4).
 *
 * Who asks is settled before anything is said about what they ask for. Generation and mark come from the same look as
 * the credential and were read before it: a revocation in between yields a token that is dead already, never one that
 * outlives it. Nothing is stored for a token: it is good because of its signature, until the ledger says otherwise.
 */
export function makeIssueToken(ports: {
  authenticateClient: AuthenticateClient;
  codec: TokenCodec;
  ids: Ids;
  clock: Clock;
  issuer: string;
  life: TokenLife;
  quota: IssueQuota;
}): IssueToken {
  const { authenticateClient, codec, ids, clock, issuer, life, quota } = ports;

  return async (request, call) => {
    const { credential } = call;
    if (credential.kind !== 'secret') throw invalidClient();
    const { client, ringVersion } = await authenticateClient(credential.clientId, credential.secret, call);

    requireClientCredentials(request.grantType);
    if (client.introspectionOnly) {
      throw new AuthError('unauthorized_client', 'This client may introspect tokens but gets none.');
    }
    const ttlSeconds = grantTtl(request.ttlSeconds, client, life);
    const scopes = grantScopes(request.scopes, client);
    const audience = grantAudience(request, client);

    requireQuota(quota, client.clientId);

    const tokenId = ids.tokenId();
    const issuedAtSeconds = Math.floor(clock.now() / 1000);
    const token = await codec.sign(
      {
        tokenId,
        issuer,
        clientId: client.clientId,
        audience,
        scopes,
        issuedAtSeconds,
        notBeforeSeconds: issuedAtSeconds,
        expiresAtSeconds: issuedAtSeconds + ttlSeconds,
        generation: client.generation,
        ext: client.ext,
      },
      ringVersion,
    );
    if (token.length > MAX_TOKEN_BYTES) {
      throw new AuthError('invalid_scope', 'The token would be longer than 4 KiB; ask for fewer scopes.');
    }
    call.facts.tokenId = tokenId;
    return {
      accessToken: token,
      tokenId,
      expiresAtSeconds: issuedAtSeconds + ttlSeconds,
      expiresInSeconds: ttlSeconds,
      scopes,
      audience,
    };
  };
}

function requireClientCredentials(grantType: string): void {
  if (grantType === '') throw invalidRequest('grant_type is missing');
  if (grantType !== 'client_credentials') {
    throw new AuthError('unsupported_grant_type', 'The only grant_type here is client_credentials.');
  }
}

function grantTtl(asked: number, client: ClientSettings, life: TokenLife): number {
  if (!Number.isSafeInteger(asked) || asked < 0) throw invalidRequest('ttl_seconds must not be negative');
  if (asked > life.maxSeconds) throw invalidRequest(`ttl_seconds must be at most ${life.maxSeconds}`);
  // The ceiling may have been lowered since the client was registered.
  return asked > 0 ? asked : Math.min(client.tokenTtlSeconds || life.defaultSeconds, life.maxSeconds);
}
