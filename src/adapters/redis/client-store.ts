import type { Client, ClientRecord } from '../../domain/client.js';
import type { ClientId } from '../../domain/ids.js';
import type { ClientStore, Clock } from '../../domain/ports.js';
import { recordToText, timeToText } from './client-text.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import type { LookBatcher } from './look-batcher.js';
import type { RunChange } from './scripts.js';
import { markToText } from './standing-text.js';
import type { StoreBinding } from './store-binding.js';
import type { TouchLog } from './touch-log.js';

/** Client records and where they stand, in Redis. */
export function makeRedisClientStore(room: {
  readonly keys: Keys;
  readonly link: Link;
  readonly binding: StoreBinding;
  readonly looks: LookBatcher;
  readonly change: RunChange;
  readonly touches: TouchLog;
  readonly clock: Clock;
}): ClientStore {
  const { keys, link, binding, looks, change, touches, clock } = room;

  /** The ids of a page and, of those that are still there, their clients. */
  const page = async (limit: number, after: ClientId | undefined) => {
    const start = after === undefined ? '-' : `(${after}`;
    const [ids, [storeId]] = (await link.ask([
      ['zrangebylex', keys.clients, start, '+', 'limit', 0, limit],
      ['hmget', keys.marker, 'store_id'],
    ])) as [ClientId[], (string | null)[]];
    binding.verify(storeId);
    return { ids, clients: ids.length > 0 ? await looks.clients(ids) : [] };
  };

  return {
    look: (clientId) => looks.client(clientId),

    async list({ limit, after }) {
      const found: Client[] = [];
      let last = after;
      // A client that was deleted between index and record leaves a hole, which the next ones fill: a page is
      // short only at the end.
      for (;;) {
        const wanted = limit - found.length;
        const { ids, clients } = await page(wanted, last);
        found.push(...clients);
        last = ids.at(-1);
        if (ids.length < wanted || found.length >= limit) return found;
      }
    },

    async create(record, expectedGeneration, audit) {
      await change('create-client', {
        keys: [keys.client(record.clientId), keys.clients],
        args: [record.clientId, recordToText(record), expectedGeneration],
        audit,
      });
    },

    async bootstrap(record, audit) {
      const { done } = await change('bootstrap-client', {
        keys: [keys.client(record.clientId), keys.clients],
        args: [record.clientId, recordToText(record)],
        audit,
      });
      return done;
    },

    async replace(record, expected, { raiseGeneration }, audit) {
      requireNext(record, expected.version);
      const { generation } = await change('replace-client', {
        keys: [keys.client(record.clientId)],
        args: [
          record.clientId,
          recordToText(record),
          expected.version,
          expected.generation,
          raiseGeneration ? 1 : 0,
        ],
        audit,
      });
      return generation;
    },

    async delete(clientId, expected, audit) {
      await change('delete-client', {
        keys: [keys.client(clientId), keys.clients],
        args: [clientId, expected.version, expected.generation],
        audit,
      });
    },

    async reinstate(clientId, expected, audit) {
      await change('reinstate-client', {
        keys: [keys.client(clientId)],
        args: [clientId, expected.version, expected.generation],
        audit,
      });
    },

    async revoke(clientId, mark, audit) {
      await change('revoke-client', {
        keys: [keys.client(clientId)],
        args: [clientId, markToText(mark)],
        audit,
      });
    },

    async revokeTokens(clientId, audit) {
      await change('revoke-client-tokens', { keys: [keys.client(clientId)], args: [clientId], audit });
    },

    async revokeSecret(clientId, secretId, audit) {
      await change('revoke-client-secret', {
        keys: [keys.client(clientId)],
        args: [secretId, timeToText(clock.now())],
        audit,
      });
    },

    touchSecret: (clientId, secretId, timeMs) => touches.add({ clientId, secretId, timeMs }),
  };
}

/** The script compares the version that was seen; that the new one is its successor is the caller's duty. */
function requireNext(record: ClientRecord, version: number): void {
  if (record.version !== version + 1) throw new Error('a replacement must have the next version');
}
