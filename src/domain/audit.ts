import type { Call, Caller } from './call.js';
import type { Client, ClientRecord } from './client.js';
import type { AuditEntry } from './ports.js';
import type { JsonObject } from './token.js';

/** The audit entry of an act; the store adds the time when the act takes effect. */
export function auditOf(
  action: string,
  caller: Pick<Caller, 'clientId'>,
  call: Call,
  target: string,
  details: { before?: JsonObject; after?: JsonObject; reason?: string } = {},
): AuditEntry {
  return {
    action,
    actor: caller.clientId,
    target,
    sourceAddress: call.sourceAddress,
    requestId: call.requestId,
    ...details,
  };
}

/** A client as the trail shows it: its settings and its secrets' names, never a secret or its hash. */
export function describeClient(client: ClientRecord & Partial<Pick<Client, 'mark'>>): JsonObject {
  return {
    display_name: client.displayName,
    status: client.mark === undefined ? 'ACTIVE' : 'REVOKED',
    allowed_scopes: client.allowedScopes,
    default_scopes: client.defaultScopes,
    allowed_audiences: client.allowedAudiences,
    default_audience: client.defaultAudience,
    introspection_only: client.introspectionOnly,
    serves_audiences: client.servesAudiences,
    token_ttl_seconds: client.tokenTtlSeconds,
    ext: client.ext ?? null,
    labels: client.labels,
    secrets: client.secrets.map((secret) => ({
      secret_id: secret.secretId,
      expire_time: secret.expireTimeMs === undefined ? null : new Date(secret.expireTimeMs).toISOString(),
    })),
  };
}
