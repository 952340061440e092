/**
 * What the service answers, as `--json` shows it: names as in the proto, RFC 3339 times, null for what is unset. Scripts
 * rely on these names; nothing here depends on how the stubs are generated.
 */
import type { AuditEvent } from '../wire/gen/countersign/v1/audit_service.js';
import { type Client, type ClientSecret, ClientStatus } from '../wire/gen/countersign/v1/client_service.js';
import type { SigningKey } from '../wire/gen/countersign/v1/key_service.js';
import {
  type IntrospectTokenResponse,
  type IssueTokenResponse,
  KeyState,
  type Revocation,
} from '../wire/gen/countersign/v1/token_service.js';
import { isoOrNull } from './printable.js';

export const clientStatus = (client: Client): string =>
  client.status === ClientStatus.CLIENT_STATUS_ACTIVE
    ? 'ACTIVE'
    : client.status === ClientStatus.CLIENT_STATUS_REVOKED
      ? 'REVOKED'
      : 'UNKNOWN';

export const clientView = (client: Client) => ({
  client_id: client.clientId,
  display_name: client.displayName,
  status: clientStatus(client),
  revoke_time: isoOrNull(client.revokeTime),
  revoked_by: client.revokedBy,
  revoke_reason: client.revokeReason,
  allowed_scopes: client.allowedScopes,
  default_scopes: client.defaultScopes,
  allowed_audiences: client.allowedAudiences,
  default_audience: client.defaultAudience,
  introspection_only: client.introspectionOnly,
  serves_audiences: client.servesAudiences,
  token_ttl_seconds: client.tokenTtlSeconds,
  ext: client.ext ?? null,
  labels: client.labels,
  secrets: client.secrets.map(secretView),
  create_time: isoOrNull(client.createTime),
  update_time: isoOrNull(client.updateTime),
  etag: client.etag,
});

const secretView = (secret: ClientSecret) => ({
  secret_id: secret.secretId,
  create_time: isoOrNull(secret.createTime),
  expire_time: isoOrNull(secret.expireTime),
  last_used_time: isoOrNull(secret.lastUsedTime),
});

export const issuedView = (issued: IssueTokenResponse) => ({
  token_id: issued.tokenId,
  token_type: issued.tokenType,
  expires_at: isoOrNull(issued.expiresAt),
  expires_in_seconds: issued.expiresInSeconds,
  scopes: issued.scopes,
  audience: issued.audience,
});

export const verdictView = (verdict: IntrospectTokenResponse) =>
  verdict.active
    ? {
        active: true,
        client_id: verdict.clientId,
        subject: verdict.subject,
        issuer: verdict.issuer,
        audience: verdict.audience,
        scopes: verdict.scopes,
        token_id: verdict.tokenId,
        key_id: verdict.keyId,
        issued_at: isoOrNull(verdict.issuedAt),
        not_before: isoOrNull(verdict.notBefore),
        expires_at: isoOrNull(verdict.expiresAt),
        ext: verdict.ext ?? null,
      }
    : { active: false };

const KEY_STATES: Readonly<Record<number, string>> = {
  [KeyState.KEY_STATE_PUBLISHED]: 'PUBLISHED',
  [KeyState.KEY_STATE_ACTIVE]: 'ACTIVE',
  [KeyState.KEY_STATE_RETIRED]: 'RETIRED',
  [KeyState.KEY_STATE_REVOKED]: 'REVOKED',
};

export const keyState = (key: SigningKey): string => KEY_STATES[key.state] ?? 'UNKNOWN';

export const keyView = (key: SigningKey) => ({
  key_id: key.keyId,
  public_key: key.publicKey,
  state: keyState(key),
  create_time: isoOrNull(key.createTime),
  activate_time: isoOrNull(key.activateTime),
  retire_time: isoOrNull(key.retireTime),
  remove_time: isoOrNull(key.removeTime),
  revoke_time: isoOrNull(key.revokeTime),
});

export const auditView = (event: AuditEvent) => ({
  event_id: event.eventId,
  time: isoOrNull(event.time),
  action: event.action,
  actor: event.actor,
  target: event.target,
  source_address: event.sourceAddress,
  request_id: event.requestId,
  before: event.before ?? null,
  after: event.after ?? null,
  reason: event.reason,
});

/** One entry of the ledger; the kind is told by which name it has. */
export function revocationView({ kind }: Revocation) {
  switch (kind?.$case) {
    case 'clientGeneration':
      return { client_id: kind.value.clientId, generation: kind.value.generation };
    case 'token':
      return { token_id: kind.value.tokenId, forget_at_seconds: kind.value.forgetAtSeconds };
    case 'key':
      return { key_id: kind.value.keyId };
    default:
      return {};
  }
}
