import { auditOf } from './audit.js';
import type { GuardedUseCase } from './call.js';
import type { Client } from './client.js';
import { textFor } from './client-settings.js';
import { clientIdFrom, secretIdFrom } from './ids.js';
import { requireAuthorityOver } from './permission.js';
import type { ClientStore } from './ports.js';
import { existingClient } from './read-client.js';

/** The longest reason, in characters. */
const MAX_REASON = 256;

export type RevokeClient = GuardedUseCase<{ readonly clientId: string; readonly reason: string }, Client>;
export type ReinstateClient = GuardedUseCase<{ readonly clientId: string }, Client>;
export type RevokeClientTokens = GuardedUseCase<{ readonly clientId: string; readonly reason: string }, void>;
export type RevokeClientSecret = GuardedUseCase<
  { readonly clientId: string; readonly secretId: string },
  void
>;

/**
 * The acts that end things. All but ReinstateClient are unconditional: whatever else happens to the client at the
 * same time, once they have answered it is over. None needs authority over the client, so that whoever is on call
 * can stop an administrator too; reinstating does.
 */
export function makeRevokeClient(ports: { clients: ClientStore }): {
  revokeClient: RevokeClient;
  reinstateClient: ReinstateClient;
  revokeClientTokens: RevokeClientTokens;
  revokeClientSecret: RevokeClientSecret;
} {
  const { clients } = ports;

  return {
    revokeClient: async (request, caller, call) => {
      const clientId = clientIdFrom(request.clientId);
      const reason = textFor('reason', request.reason, MAX_REASON);
      await clients.revoke(
        clientId,
        { by: caller.clientId, reason },
        auditOf('RevokeClient', caller, call, clientId, { reason }),
      );
      return (await existingClient(clients, clientId)).client;
    },

    reinstateClient: async (request, caller, call) => {
      const { client } = await existingClient(clients, request.clientId);
      requireAuthorityOver(caller.scopes, client.allowedScopes);
      if (client.mark === undefined) return client;
      await clients.reinstate(
        client.clientId,
        client,
        auditOf('ReinstateClient', caller, call, client.clientId, {
          before: { status: 'REVOKED', revoked_by: client.mark.by, revoke_reason: client.mark.reason },
          after: { status: 'ACTIVE' },
        }),
      );
      return (await existingClient(clients, client.clientId)).client;
    },

    revokeClientTokens: async (request, caller, call) => {
      const clientId = clientIdFrom(request.clientId);
      const reason = textFor('reason', request.reason, MAX_REASON);
      await clients.revokeTokens(clientId, auditOf('RevokeClientTokens', caller, call, clientId, { reason }));
    },

    revokeClientSecret: async (request, caller, call) => {
      const clientId = clientIdFrom(request.clientId);
      const secretId = secretIdFrom(request.secretId);
      await clients.revokeSecret(
        clientId,
        secretId,
        auditOf('RevokeClientSecret', caller, call, clientId, { before: { secret_id: secretId } }),
      );
    },
  };
}
