import type { Call } from '../../domain/call.js';
import type { ClientWithSecret } from '../../domain/create-client.js';
import type { UseCases } from '../../domain/use-cases.js';
import {
  Client as ClientMessage,
  type ClientServiceService,
  type CreateClientResponse,
  type ListClientsRequest,
  ListClientsResponse,
} from '../gen/countersign/v1/client_service.js';
import { clientSettingsFromMessage, clientToMessage } from './client-message.js';
import type { HandlersOf } from './register-service.js';
import { MAX_RESPONSE_BYTES } from './unary-call.js';

/** ClientService: messages in, use-cases, messages out. */
export function makeClientServiceHandlers(useCases: UseCases): HandlersOf<ClientServiceService> {
  return {
    async createClient(request, call) {
      const client = request.client ?? NO_CLIENT;
      const made = await useCases.createClient(
        {
          clientId: client.clientId,
          settings: clientSettingsFromMessage(client),
          importedSecret: request.importedSecret,
          requestId: request.requestId,
        },
        call,
      );
      return clientWithSecretToMessage(made);
    },

    getClient: async ({ clientId }, call) => ({
      client: clientToMessage(await useCases.getClient({ clientId }, call)),
    }),

    listClients: (request, call) => listClients(useCases, request, call),

    async updateClient(request, call) {
      const client = request.client ?? NO_CLIENT;
      const updated = await useCases.updateClient(
        {
          clientId: client.clientId,
          settings: clientSettingsFromMessage(client),
          updateMask: request.updateMask ?? [],
          etag: client.etag,
          revokeTokens: request.revokeTokens,
        },
        call,
      );
      return { client: clientToMessage(updated) };
    },

    async deleteClient({ clientId, etag }, call) {
      await useCases.deleteClient({ clientId, etag }, call);
      return {};
    },

    rotateClientSecret: async ({ clientId, overlapSeconds, revokeTokens, requestId, importedSecret }, call) =>
      clientWithSecretToMessage(
        await useCases.rotateClientSecret(
          { clientId, overlapSeconds, revokeTokens, requestId, importedSecret },
          call,
        ),
      ),

    async revokeClientSecret({ clientId, secretId }, call) {
      await useCases.revokeClientSecret({ clientId, secretId }, call);
      return {};
    },

    revokeClient: async ({ clientId, reason }, call) => ({
      client: clientToMessage(await useCases.revokeClient({ clientId, reason }, call)),
    }),

    reinstateClient: async ({ clientId }, call) => ({
      client: clientToMessage(await useCases.reinstateClient({ clientId }, call)),
    }),

    async revokeClientTokens({ clientId, reason }, call) {
      await useCases.revokeClientTokens({ clientId, reason }, call);
      return {};
    },
  };
}

/**
 * One page, or as much of it as fits an answer: 500 clients with all their lists full would take 25 MB. A page that is
 * too long is asked for again with as many as fitted, which is at least one.
 */
async function listClients(
  useCases: UseCases,
  { pageSize, pageToken }: ListClientsRequest,
  call: Call,
): Promise<ListClientsResponse> {
  const page = await useCases.listClients({ pageSize, pageToken }, call);
  const message = { clients: page.clients.map(clientToMessage), nextPageToken: page.nextPageToken };
  const bytes = ListClientsResponse.encode(message).finish().length;
  if (bytes <= MAX_RESPONSE_BYTES) return message;
  const fitting = Math.floor((page.clients.length * MAX_RESPONSE_BYTES) / bytes / 2);
  return listClients(useCases, { pageSize: Math.max(1, fitting), pageToken }, call);
}

const clientWithSecretToMessage = ({ client, secret }: ClientWithSecret): CreateClientResponse => ({
  client: clientToMessage(client),
  clientSecret: secret.shown,
  secretId: secret.stored.secretId,
});

/** Where none is given: refused by what it lacks, but only once its caller is admitted. */
const NO_CLIENT = ClientMessage.create();
