import type { Client } from '../wire/gen/countersign/v1/client_service.js';
import { instant, words } from './printable.js';
import { type Cell, facts, table } from './table.js';
import { clientStatus } from './views.js';

/** A client as people read it: its settings, then its secrets, newest first. */
export function clientText(client: Client, colour: boolean): string {
  const none = '-';
  const ttl = client.tokenTtlSeconds === 0 ? 'server default' : `${client.tokenTtlSeconds} s`;
  const pairs: [string, Cell][] = [
    ['client id', client.clientId],
    ['name', client.displayName || none],
    ['status', statusCell(client)],
    ...(client.revokeTime === undefined
      ? []
      : [
          ['revoked', `${instant(client.revokeTime)} by ${client.revokedBy}`] as [string, Cell],
          ['reason', client.revokeReason || none] as [string, Cell],
        ]),
    ['allowed scopes', words(client.allowedScopes)],
    ['default scopes', words(client.defaultScopes)],
    ['allowed audiences', words(client.allowedAudiences)],
    ['default audience', client.defaultAudience || none],
    ['serves audiences', words(client.servesAudiences)],
    ['introspection only', client.introspectionOnly ? 'yes' : 'no'],
    ['token life', ttl],
    ['extra claims', client.ext === undefined ? none : JSON.stringify(client.ext)],
    ['labels', words(Object.entries(client.labels).map(([key, value]) => `${key}=${value}`))],
    ['created', instant(client.createTime)],
    ['updated', instant(client.updateTime)],
    ['etag', client.etag],
  ];
  const secrets = client.secrets.map((secret) => [
    secret.secretId,
    instant(secret.createTime),
    secret.expireTime === undefined ? 'never' : instant(secret.expireTime),
    secret.lastUsedTime === undefined ? 'never' : instant(secret.lastUsedTime),
  ]);
  return `${facts(pairs, colour)}\n${table(['SECRET', 'CREATED', 'EXPIRES', 'LAST USED'], secrets, colour)}`;
}

/** Clients as people read them, one on each line. */
export const clientTable = (clients: readonly Client[], colour: boolean): string =>
  table(
    ['CLIENT', 'STATUS', 'NAME', 'SCOPES', 'AUDIENCES', 'SECRETS', 'UPDATED'],
    clients.map((client) => [
      client.clientId,
      statusCell(client),
      client.displayName || '-',
      words(client.allowedScopes),
      words(client.allowedAudiences),
      String(client.secrets.length),
      instant(client.updateTime),
    ]),
    colour,
  );

const statusCell = (client: Client): Cell => {
  const text = clientStatus(client);
  return { text, colour: text === 'ACTIVE' ? 'green' : 'red' };
};
