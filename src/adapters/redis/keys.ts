import type { ClientId } from '../../domain/ids.js';

/** The name of every key that one issuer has in Redis; nothing else builds one. */
export interface Keys {
  /** HASH: what tells this store from another. For ever. */
  readonly marker: string;
  /** STRING, JSON: the key ring, wrapped. For ever. */
  readonly ring: string;
  /** HASH of client id to generation and mark. For ever: a generation outlives its client. */
  readonly standing: string;
  /** ZSET of revoked token ids by when to forget them, in seconds. Pruned as it is added to. */
  readonly revoked: string;
  /** ZSET of client ids, all with score 0: the index for listing. As long as the records. */
  readonly clients: string;
  /** STREAM of ledger changes, dense ids, trimmed by length. Never deleted: its last id is the sequence. */
  readonly feed: string;
  /** STREAM of administrative acts, trimmed by length. */
  readonly audit: string;
  /** STRING: one client's record. Until it is deleted. */
  client(id: ClientId): string;
  /** HASH: failed credentials from one address, at most 65 counters. Expires by itself within minutes. */
  failures(source: string): string;
  /** STRING: a server's sign of life, written only to be waited for. Expires by itself. */
  beat(serverId: string): string;
}

/** All keys share one hash tag, so that on Cluster every script finds all of them on one node. */
export function keysUnder(prefix: string): Keys {
  const tag = `{${prefix}}:`;
  return {
    marker: `${tag}marker`,
    ring: `${tag}ring`,
    standing: `${tag}standing`,
    revoked: `${tag}revoked`,
    clients: `${tag}clients`,
    feed: `${tag}feed`,
    audit: `${tag}audit`,
    client: (id) => `${tag}client:${id}`,
    failures: (source) => `${tag}failures:${source}`,
    beat: (serverId) => `${tag}beat:${serverId}`,
  };
}
