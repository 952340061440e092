import { auditOf, describeClient } from './audit.js';
import type { GuardedUseCase } from './call.js';
import { requireAuthorityOver } from './permission.js';
import type { ClientStore } from './ports.js';
import { existingClient } from './read-client.js';
import { requireEtag } from './update-client.js';

export type DeleteClient = GuardedUseCase<{ readonly clientId: string; readonly etag: string }, void>;

/**
 * Removes a client and kills its tokens for good: the generation outlives the record, so the same id registered anew
 * does not bring them back. Fails with `not_found`, `conflict` or `insufficient_scope`.
 */
export const makeDeleteClient =
  ({ clients }: { clients: ClientStore }): DeleteClient =>
  async ({ clientId, etag }, caller, call) => {
    const { client } = await existingClient(clients, clientId);
    requireEtag(etag, client);
    requireAuthorityOver(caller.scopes, client.allowedScopes);
    const audit = auditOf('DeleteClient', caller, call, client.clientId, { before: describeClient(client) });
    await clients.delete(client.clientId, client, audit);
  };
