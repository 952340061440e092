import { describeClient } from './audit.js';
import type { Client, ClientRecord } from './client.js';
import { conflict } from './errors.js';
import { administratorRecord, type FirstAdministrator } from './first-administrator.js';
import { clientIdFrom } from './ids.js';
import type { MintSecret } from './mint-secret.js';
import { ADMIN_SCOPE } from './permission.js';
import type { AuditEntry, ClientStore, Clock } from './ports.js';

/** The administrator that is there now. */
export interface RecoveredAdministrator extends FirstAdministrator {
  /** Whether it was there before: then its old secrets and every token of it are dead. */
  readonly existed: boolean;
}

/**
 * Gives back the way in, for whoever holds the store and the master key: makes an administrator by this id, or gives
 * the one there is a fresh secret, all it needs to administrate, and its state back. What it had before dies in the
 * same step: nobody knows who has it.
 *
 * Fails with `conflict` where the id is that of a client which is no administrator: it must not become one by mistake.
 */
export async function recoverAdministrator(
  ports: { clients: ClientStore; mintSecret: MintSecret; clock: Clock; issuer: string },
  wanted: { readonly clientId: string; readonly requestId: string },
): Promise<RecoveredAdministrator> {
  const { clients, mintSecret, clock, issuer } = ports;
  const clientId = clientIdFrom(wanted.clientId);
  const now = clock.now();
  const secret = mintSecret({ importedSecret: '', madeBy: undefined }, now);
  const fresh = administratorRecord(clientId, issuer, secret, now);
  const act = (action: string, details: Pick<AuditEntry, 'before' | 'after'>): AuditEntry => ({
    action,
    actor: 'recover',
    target: clientId,
    sourceAddress: 'local',
    requestId: wanted.requestId,
    ...details,
  });

  const { client, generation } = await clients.look(clientId);
  if (client === undefined) {
    await clients.create(fresh, generation, act('CreateClient', { after: describeClient(fresh) }));
    return { clientId, secret: secret.shown, existed: false };
  }
  if (!client.allowedScopes.includes(ADMIN_SCOPE)) {
    throw conflict('There is a client by that id which is no administrator. Choose another id.');
  }
  const record = restored(client, fresh);
  const raised = await clients.replace(
    record,
    client,
    { raiseGeneration: true },
    act('RotateClientSecret', {
      before: describeClient(client),
      after: describeClient({ ...record, mark: client.mark }),
    }),
  );
  if (client.mark !== undefined) {
    const expected = { version: record.version, generation: raised };
    await clients.reinstate(clientId, expected, act('ReinstateClient', { after: { status: 'ACTIVE' } }));
  }
  return { clientId, secret: secret.shown, existed: true };
}

/** What it was called and may do besides stays; its secrets do not. */
const restored = (client: Client, fresh: ClientRecord): ClientRecord => ({
  ...fresh,
  displayName: client.displayName,
  labels: client.labels,
  allowedScopes: [...new Set([...fresh.allowedScopes, ...client.allowedScopes])],
  allowedAudiences: [...new Set([...fresh.allowedAudiences, ...client.allowedAudiences])],
  createTimeMs: client.createTimeMs,
  version: client.version + 1,
});
