import { setTimeout as sleep } from 'node:timers/promises';
import { temporarilyUnavailable } from '../../domain/errors.js';
import type { AuditEntry, AuditEvent, AuditTrail } from '../../domain/ports.js';
import type { Keys } from './keys.js';
import type { Link, RedisCommand } from './link.js';
import type { StoreBinding } from './store-binding.js';

/** How many events are read at once by who follows, and how long it waits when it has read them all. */
const READ_AT_ONCE = 100;
const LOOK_EVERY_MS = 400;

type StreamEntry = readonly [id: string, fields: readonly string[]];

/**
 * The trail, in the capped stream that every act's own script writes to.
 *
 * Whoever follows looks again and again, on the ordinary connection: a blocking read would need one of its own for each
 * follower, and people do not notice half a second.
 */
export function makeRedisAuditTrail(room: {
  readonly keys: Keys;
  readonly link: Link;
  readonly binding: StoreBinding;
  /** Aborted when the store is closed. */
  readonly closed: AbortSignal;
}): AuditTrail {
  const { keys, link, binding, closed } = room;

  const read = async (command: RedisCommand): Promise<readonly AuditEvent[]> => {
    const [entries, [storeId]] = (await link.ask([command, ['hmget', keys.marker, 'store_id']])) as [
      StreamEntry[],
      (string | null)[],
    ];
    binding.verify(storeId);
    return entries.map(eventFrom);
  };

  return {
    list: ({ limit, before }) =>
      read([
        'xrevrange',
        keys.audit,
        before === undefined ? '+' : streamId(before, -1n),
        '-',
        'count',
        limit,
      ]),

    async *follow(after, signal) {
      let last = after ?? (await read(['xrevrange', keys.audit, '+', '-', 'count', 1]))[0]?.eventId;
      for (;;) {
        signal.throwIfAborted();
        if (closed.aborted) throw temporarilyUnavailable(new Error('the store is closed'));
        const start = last === undefined ? '-' : streamId(last, 1n);
        const events = await read(['xrange', keys.audit, start, '+', 'count', READ_AT_ONCE]);
        for (const event of events) {
          last = event.eventId;
          yield event;
          signal.throwIfAborted();
        }
        if (events.length < READ_AT_ONCE) {
          await sleep(LOOK_EVERY_MS, undefined, { signal: AbortSignal.any([signal, closed]) }).catch(
            () => undefined,
          );
        }
      }
    },
  };
}

function eventFrom([id, fields]: StreamEntry): AuditEvent {
  const [ms = '', inMs = ''] = id.split('-');
  // Filled up with zeros, so that the order of ids is that of their texts.
  const eventId = `${ms.padStart(13, '0')}-${inMs.padStart(6, '0')}`;
  return { ...(JSON.parse(fields[1] ?? '{}') as AuditEntry), eventId, timeMs: Number(ms) };
}

const HALF_BITS = 64n;
const HALF = (1n << HALF_BITS) - 1n;

/**
 * The stream's own id of the place so many steps from an event's, or from where it would be. As one number, because
 * Redis's own way of leaving out an end of a range refuses the first and the last place there are.
 */
function streamId(eventId: string, steps: -1n | 1n): string {
  const [ms = 0n, inMs = 0n] = eventId.split('-').map((half) => (BigInt(half) > HALF ? HALF : BigInt(half)));
  const place = ((ms << HALF_BITS) | inMs) + steps;
  return place < 0n ? '-' : `${place >> HALF_BITS}-${place & HALF}`;
}
