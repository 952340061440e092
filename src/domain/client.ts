import type { ClientId, Generation, SecretId } from './ids.js';
import type { RevocationMark } from './revocation.js';
import type { JsonObject } from './token.js';

/** The most secrets that may live at once. */
export const MAX_LIVE_SECRETS = 5;

/** A secret as kept: never the secret itself. */
export interface StoredSecret {
  readonly secretId: SecretId;
  /** HMAC-SHA-256 of the secret under the pepper, base64url. */
  readonly hash: string;
  /** Which pepper. */
  readonly pepperId: string;
  readonly createTimeMs: number;
  /** Undefined: never expires. */
  readonly expireTimeMs: number | undefined;
  /** To within a minute; undefined: never used yet. No part of the etag. */
  readonly lastUsedTimeMs: number | undefined;
  /** The act that made it, such as `create:42` or `rotate:43`, when its caller named it by a `request_id`. */
  readonly madeBy: string | undefined;
}

/** What an operator decides about a client. An empty list always means none. */
export interface ClientSettings {
  readonly displayName: string;
  readonly allowedScopes: readonly string[];
  readonly defaultScopes: readonly string[];
  readonly allowedAudiences: readonly string[];
  /** Empty: none chosen. */
  readonly defaultAudience: string;
  readonly introspectionOnly: boolean;
  /** `*` means any. */
  readonly servesAudiences: readonly string[];
  /** 0: the server's default. */
  readonly tokenTtlSeconds: number;
  readonly ext: JsonObject | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** A client record as stored: what one conditional write replaces as a whole. */
export interface ClientRecord extends ClientSettings {
  readonly clientId: ClientId;
  readonly secrets: readonly StoredSecret[];
  readonly createTimeMs: number;
  readonly updateTimeMs: number;
  /** Rises with each write of the record; starts at 1, and anew after a deletion. */
  readonly version: number;
}

/** A client's record with where it stands. */
export interface Client extends ClientRecord {
  readonly generation: Generation;
  /** Set while the client is revoked. */
  readonly mark: RevocationMark | undefined;
}

/** Unique for each state of a client: a deleted and re-created one has another generation. */
export const etagOf = (client: Pick<Client, 'version' | 'generation'>): string =>
  `${client.version}-${client.generation}`;

export const isLive = (secret: StoredSecret, nowMs: number): boolean =>
  secret.expireTimeMs === undefined || nowMs < secret.expireTimeMs;

/** The audience of a token for which none was asked; undefined when there is none to fall back on. */
export const defaultAudienceOf = (client: ClientSettings): string | undefined =>
  client.defaultAudience !== ''
    ? client.defaultAudience
    : client.allowedAudiences.length === 1
      ? client.allowedAudiences[0]
      : undefined;
