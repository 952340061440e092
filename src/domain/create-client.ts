import { auditOf, describeClient } from './audit.js';
import type { GuardedUseCase } from './call.js';
import type { Client, ClientRecord, ClientSettings } from './client.js';
import { checkClientSettings } from './client-settings.js';
import { AuthError } from './errors.js';
import { clientIdFrom } from './ids.js';
import { type MintedSecret, type MintSecret, madeByOf, replaceSecretOfAct } from './mint-secret.js';
import { requireAuthorityOver } from './permission.js';
import type { ClientStore, Clock, Ids } from './ports.js';

/** A client with the secret that the call made for it. */
export interface ClientWithSecret {
  readonly client: Client;
  readonly secret: MintedSecret;
}

export interface CreateClientRequest {
  /** Empty: generated. */
  readonly clientId: string;
  readonly settings: ClientSettings;
  /** Empty: generated. */
  readonly importedSecret: string;
  /** Empty: a repeat is another act. */
  readonly requestId: string;
}

export type CreateClient = GuardedUseCase<CreateClientRequest, ClientWithSecret>;

/**
 * Registers a client. A repeat of the same act (same id, same `request_id`) answers a fresh secret in the place of
 * the one made before, since the first answer may have been lost and secrets cannot be shown twice.
 *
 * Fails with `already_exists`, and with `conflict` when the client was deleted or revoked meanwhile.
 */
export function makeCreateClient(ports: {
  clients: ClientStore;
  mintSecret: MintSecret;
  ids: Ids;
  clock: Clock;
  maxTokenLifeSeconds: number;
}): CreateClient {
  const { clients, mintSecret, ids, clock, maxTokenLifeSeconds } = ports;

  return async (request, caller, call) => {
    const clientId = request.clientId === '' ? ids.clientId() : clientIdFrom(request.clientId);
    const settings = checkClientSettings(request.settings, maxTokenLifeSeconds);
    requireAuthorityOver(caller.scopes, settings.allowedScopes);
    const madeBy = madeByOf('create', request.requestId);
    const now = clock.now();
    const secret = mintSecret({ importedSecret: request.importedSecret, madeBy }, now);

    const create = async (): Promise<ClientWithSecret> => {
      const { client: existing, generation } = await clients.look(clientId);
      if (existing !== undefined) return repeat(existing);
      const record: ClientRecord = {
        ...settings,
        clientId,
        secrets: [secret.stored],
        createTimeMs: now,
        updateTimeMs: now,
        version: 1,
      };
      const audit = auditOf('CreateClient', caller, call, clientId, { after: describeClient(record) });
      await clients.create(record, generation, audit);
      return { client: { ...record, generation, mark: undefined }, secret };
    };

    const repeat = async (existing: Client): Promise<ClientWithSecret> => {
      if (madeBy === undefined || !existing.secrets.some((known) => known.madeBy === madeBy)) {
        throw alreadyExists();
      }
      requireAuthorityOver(caller.scopes, existing.allowedScopes);
      const record: ClientRecord = {
        ...existing,
        secrets: replaceSecretOfAct(existing.secrets, secret.stored),
        updateTimeMs: now,
        version: existing.version + 1,
      };
      const audit = auditOf('CreateClient', caller, call, clientId, {
        before: describeClient(existing),
        after: describeClient(record),
      });
      const generation = await clients.replace(record, existing, { raiseGeneration: false }, audit);
      return { client: { ...record, generation, mark: existing.mark }, secret };
    };

    try {
      return await create();
    } catch (err) {
      // Two runs of the same act at once: the one that came second is a repeat of the first.
      const overtaken = err instanceof AuthError && err.code === 'already_exists' && madeBy !== undefined;
      if (!overtaken) throw err;
      return create();
    }
  };
}

const alreadyExists = (): AuthError =>
  new AuthError('already_exists', 'There is a client by that id already.');
