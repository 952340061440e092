import type { GuardedUseCase } from './call.js';
import type { Client } from './client.js';
import { clientNotFound, invalidRequest } from './errors.js';
import { type ClientId, clientIdFrom, isClientId } from './ids.js';
import type { ClientSighting, ClientStore } from './ports.js';

/** The client by that id as of now. Fails with `invalid_request` or `not_found`. */
export async function existingClient(
  clients: ClientStore,
  id: string,
): Promise<ClientSighting & { readonly client: Client }> {
  const sighting = await clients.look(clientIdFrom(id));
  const { client } = sighting;
  if (client === undefined) throw clientNotFound();
  return { ...sighting, client };
}

export type GetClient = GuardedUseCase<{ readonly clientId: string }, Client>;

export const makeGetClient =
  ({ clients }: { clients: ClientStore }): GetClient =>
  async ({ clientId }) =>
    (await existingClient(clients, clientId)).client;

export interface ClientPage {
  readonly clients: readonly Client[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
}

export type ListClients = GuardedUseCase<
  { readonly pageSize: number; readonly pageToken: string },
  ClientPage
>;

const DEFAULT_PAGE = 100;
const MAX_PAGE = 500;

/** Checks a page size: 0 is 100, at most 500. Fails with `invalid_request`. */
export function pageSizeFrom(asked: number): number {
  if (asked < 0 || asked > MAX_PAGE) throw invalidRequest(`page_size must be 0 to ${MAX_PAGE}`);
  return asked || DEFAULT_PAGE;
}

/**
 * Lists clients by id. The page token is the last id listed, encoded only so that nobody builds on it: whoever may
 * list may know every id.
 */
export const makeListClients =
  ({ clients }: { clients: ClientStore }): ListClients =>
  async ({ pageSize, pageToken }) => {
    const size = pageSizeFrom(pageSize);
    const after = pageToken === '' ? undefined : idFromPageToken(pageToken);
    const found = await clients.list({ limit: size + 1, ...(after === undefined ? {} : { after }) });
    const page = found.slice(0, size);
    const last = page.at(-1);
    return {
      clients: page,
      nextPageToken: found.length > size && last !== undefined ? `a.${last.clientId}` : '',
    };
  };

function idFromPageToken(token: string): ClientId {
  const id = token.slice(2);
  if (!token.startsWith('a.') || !isClientId(id)) throw invalidRequest('page_token is not one of ours');
  return id;
}
