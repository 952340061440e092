import { type Client, type ClientSettings, etagOf, type StoredSecret } from '../../domain/client.js';
import {
  type Client as ClientMessage,
  type ClientSecret as ClientSecretMessage,
  ClientStatus,
} from '../gen/countersign/v1/client_service.js';
import { dateOf } from './time-message.js';

/** A client as its readers see it: its secrets by their names and times alone. */
export function clientToMessage(client: Client): ClientMessage {
  const { mark } = client;
  return {
    clientId: client.clientId,
    displayName: client.displayName,
    status: mark === undefined ? ClientStatus.CLIENT_STATUS_ACTIVE : ClientStatus.CLIENT_STATUS_REVOKED,
    revokeTime: dateOf(mark?.timeMs),
    revokedBy: mark?.by ?? '',
    revokeReason: mark?.reason ?? '',
    allowedScopes: [...client.allowedScopes],
    defaultScopes: [...client.defaultScopes],
    allowedAudiences: [...client.allowedAudiences],
    defaultAudience: client.defaultAudience,
    introspectionOnly: client.introspectionOnly,
    servesAudiences: [...client.servesAudiences],
    tokenTtlSeconds: client.tokenTtlSeconds,
    ext: client.ext,
    labels: { ...client.labels },
    secrets: client.secrets.map(secretToMessage),
    createTime: dateOf(client.createTimeMs),
    updateTime: dateOf(client.updateTimeMs),
    etag: etagOf(client),
  };
}

/** What an operator decides of a client; its output-only fields are passed over. Checks nothing. */
export function clientSettingsFromMessage(message: ClientMessage): ClientSettings {
  return {
    displayName: message.displayName,
    allowedScopes: message.allowedScopes,
    defaultScopes: message.defaultScopes,
    allowedAudiences: message.allowedAudiences,
    defaultAudience: message.defaultAudience,
    introspectionOnly: message.introspectionOnly,
    servesAudiences: message.servesAudiences,
    tokenTtlSeconds: message.tokenTtlSeconds,
    ext: message.ext,
    labels: message.labels,
  };
}

const secretToMessage = (secret: StoredSecret): ClientSecretMessage => ({
  secretId: secret.secretId,
  createTime: dateOf(secret.createTimeMs),
  expireTime: dateOf(secret.expireTimeMs),
  lastUsedTime: dateOf(secret.lastUsedTimeMs),
});
