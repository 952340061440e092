import type { Command } from 'commander';
import { CountersignError } from '../../sdk/errors.js';
import { type Client, ClientServiceService } from '../../wire/gen/countersign/v1/client_service.js';
import { clientTable, clientText } from '../client-text.js';
import type { Run } from '../host.js';
import type { Service } from '../service.js';
import { remote } from '../session.js';
import { wholeNumber } from '../values.js';
import { clientView } from '../views.js';

const PAGE_SIZE = 500;

/** `client get` and `client list`. */
export function addReadCommands(run: Run, parent: Command): void {
  const get = parent
    .command('get')
    .description('show a client: its settings, its state, its secrets and when each was last used')
    .argument('<client-id>', 'its id');
  remote(run, get, async ({ service, out }, _options, clientId: string) => {
    const client = await getClient(service, clientId);
    out.document({ client: clientView(client) }, () => clientText(client, out.colour));
  });

  const list = parent
    .command('list')
    .description('list clients in the order of their ids')
    .option('--limit <n>', 'at most this many (default: all)', wholeNumber(1, 1_000_000));
  remote<{ limit?: number }>(run, list, async ({ service, out }, { limit }) => {
    const clients = await listClients(service, limit ?? Number.POSITIVE_INFINITY);
    out.document({ clients: clients.map(clientView) }, () => clientTable(clients, out.colour));
  });
}

/** One client. Fails with `not_found`. */
export async function getClient(service: Service, clientId: string): Promise<Client> {
  const { client } = await service.call(ClientServiceService.getClient, { clientId });
  if (client === undefined) throw new CountersignError('internal', 'The answer holds no client.');
  return client;
}

async function listClients(service: Service, limit: number): Promise<readonly Client[]> {
  const clients: Client[] = [];
  let pageToken = '';
  do {
    const pageSize = Math.min(PAGE_SIZE, limit - clients.length);
    const page = await service.call(ClientServiceService.listClients, { pageSize, pageToken });
    clients.push(...page.clients);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && clients.length < limit);
  return clients.slice(0, limit);
}
