import { describeClient } from './audit.js';
import type { ClientRecord } from './client.js';
import { type ClientId, clientIdFrom } from './ids.js';
import type { MintSecret } from './mint-secret.js';
import { ADMIN_SCOPE } from './permission.js';
import type { AuditEntry, ClientStore, Clock } from './ports.js';

export interface FirstAdministrator {
  readonly clientId: ClientId;
  /** The generated secret; empty when it was given. */
  readonly secret: string;
}

/** Where an act of the server itself comes from, for the trail. */
const SERVER = { sourceAddress: 'local', requestId: 'start' } as const;

/** An administrator of this issuer: may do everything here, and introspect the tokens of any audience. */
export function administratorRecord(
  clientId: ClientId,
  issuer: string,
  secret: ReturnType<MintSecret>,
  nowMs: number,
): ClientRecord {
  return {
    clientId,
    displayName: 'Administrator',
    allowedScopes: [ADMIN_SCOPE],
    defaultScopes: [ADMIN_SCOPE],
    allowedAudiences: [issuer],
    defaultAudience: issuer,
    introspectionOnly: false,
    servesAudiences: ['*'],
    tokenTtlSeconds: 0,
    ext: undefined,
    labels: {},
    secrets: [secret.stored],
    createTimeMs: nowMs,
    updateTimeMs: nowMs,
    version: 1,
  };
}

/**
 * Makes the first administrator, in a store that never had one; one that was deleted does not return by a restart.
 * Answers undefined when there was one before.
 *
 * @param wanted the id, and the secret or '' to have one generated
 */
export async function bootstrapAdministrator(
  ports: { clients: ClientStore; mintSecret: MintSecret; clock: Clock; issuer: string },
  wanted: { readonly clientId: string; readonly secret: string },
): Promise<FirstAdministrator | undefined> {
  const clientId = clientIdFrom(wanted.clientId);
  const now = ports.clock.now();
  const secret = ports.mintSecret({ importedSecret: wanted.secret, madeBy: undefined }, now);
  const record = administratorRecord(clientId, ports.issuer, secret, now);
  const audit: AuditEntry = {
    ...SERVER,
    action: 'CreateClient',
    actor: 'bootstrap',
    target: clientId,
    after: describeClient(record),
  };
  return (await ports.clients.bootstrap(record, audit)) ? { clientId, secret: secret.shown } : undefined;
}
