import { auditOf, describeClient } from './audit.js';
import type { GuardedUseCase } from './call.js';
import { type Client, type ClientRecord, type ClientSettings, etagOf } from './client.js';
import { checkClientSettings } from './client-settings.js';
import { conflict, invalidRequest } from './errors.js';
import { requireAuthorityOver } from './permission.js';
import type { ClientStore, Clock } from './ports.js';
import { existingClient } from './read-client.js';

/** The fields that an update may name, by their names in the proto. */
const FIELDS = {
  display_name: 'displayName',
  allowed_scopes: 'allowedScopes',
  default_scopes: 'defaultScopes',
  allowed_audiences: 'allowedAudiences',
  default_audience: 'defaultAudience',
  introspection_only: 'introspectionOnly',
  serves_audiences: 'servesAudiences',
  token_ttl_seconds: 'tokenTtlSeconds',
  ext: 'ext',
  labels: 'labels',
} as const satisfies Record<string, keyof ClientSettings>;

export interface UpdateClientRequest {
  readonly clientId: string;
  /** Only what the mask names counts. */
  readonly settings: ClientSettings;
  readonly updateMask: readonly string[];
  /** Empty: any. */
  readonly etag: string;
  readonly revokeTokens: boolean;
}

export type UpdateClient = GuardedUseCase<UpdateClientRequest, Client>;

/** Changes a client. Fails with `not_found`, `conflict`, `invalid_request` or `insufficient_scope`. */
export function makeUpdateClient(ports: {
  clients: ClientStore;
  clock: Clock;
  maxTokenLifeSeconds: number;
}): UpdateClient {
  const { clients, clock, maxTokenLifeSeconds } = ports;

  return async (request, caller, call) => {
    const { client } = await existingClient(clients, request.clientId);
    requireEtag(request.etag, client);
    const settings = checkClientSettings(masked(client, request), maxTokenLifeSeconds);
    requireAuthorityOver(caller.scopes, client.allowedScopes, settings.allowedScopes);
    const record: ClientRecord = {
      ...client,
      ...settings,
      updateTimeMs: clock.now(),
      version: client.version + 1,
    };
    const audit = auditOf('UpdateClient', caller, call, client.clientId, {
      before: describeClient(client),
      after: describeClient({ ...record, mark: client.mark }),
    });
    const generation = await clients.replace(
      record,
      client,
      { raiseGeneration: request.revokeTokens },
      audit,
    );
    return { ...record, generation, mark: client.mark };
  };
}

/** Refuses with `conflict` when the caller decided on another state of the client than there is. */
export function requireEtag(etag: string, client: Client): void {
  if (etag !== '' && etag !== etagOf(client))
    throw conflict('The client has changed: its etag is another one now.');
}

function masked(client: Client, request: UpdateClientRequest): ClientSettings {
  if (request.updateMask.length === 0) throw invalidRequest('update_mask must name at least one field');
  const changes = request.updateMask.map((path) => {
    if (!Object.hasOwn(FIELDS, path))
      throw invalidRequest('update_mask names a field that cannot be updated');
    const field = FIELDS[path as keyof typeof FIELDS];
    return [field, request.settings[field]] as const;
  });
  return { ...client, ...Object.fromEntries(changes) };
}
