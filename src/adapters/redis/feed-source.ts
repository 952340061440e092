import { temporarilyUnavailable } from '../../domain/errors.js';
import type { ClientId, TokenId } from '../../domain/ids.js';
import type { KeyRingStore } from '../../domain/ports.js';
import {
  type Clock,
  FeedBroken,
  type FeedPosition,
  type FeedSink,
  type FeedSource,
} from '../../domain/ports.js';
import type { Revocation } from '../../domain/revocation.js';
import { revokedKeysOf } from '../../domain/stored-key-ring.js';
import { entryIdOf, revocationFromEntry, type StreamEntry, sequenceOf, streamInfo } from './feed-reader.js';
import type { Keys } from './keys.js';
import { type Link, type RedisCommand, withoutErrors } from './link.js';
import { mergeKey } from './merge-key.js';
import { redisFault } from './redis-fault.js';
import { epochOf } from './replication-info.js';
import { ringFromText } from './ring-text.js';
import type { RunChange } from './scripts.js';
import { generationFromText } from './standing-text.js';
import type { StoreBinding } from './store-binding.js';

const PART = 1000;
/** How long a read waits for the next change; each one confirms, so this bounds how old a confirmation gets. */
const BLOCK_MS = 150;
const CONNECT_MS = 1000;
const MERGED_AT_ONCE = 200;

/**
 * The ledger as a feed, from Redis.
 *
 * Every reading asks, behind the changes and on the same connection, whether this is still the bound store, and still
 * the same master with the same history. Only then do its changes count and does its silence mean quiet.
 */
export function makeRedisFeedSource(room: {
  readonly keys: Keys;
  readonly link: Link;
  readonly binding: StoreBinding;
  readonly change: RunChange;
  readonly keyRings: KeyRingStore;
  readonly clock: Clock;
  /** A connection of the reader's own, not yet connected. */
  readonly openLink: () => Link;
  /** Aborted when the store is closed. */
  readonly closed: AbortSignal;
}): FeedSource {
  const { keys, link, binding, change, keyRings, clock, openLink, closed } = room;

  const vouching: readonly RedisCommand[] = [
    ['hmget', keys.marker, 'store_id'],
    ['info', 'replication'],
  ];
  /** What a reading says, if the two replies behind it vouch for it, and the epoch that it is of. */
  const vouched = (replies: readonly unknown[]): { reply: unknown; epoch: string } => {
    const [reply, marker, info] = withoutErrors(replies);
    const epoch = epochOf(String(info));
    binding.verify((marker as (string | null)[])[0]);
    return { reply, epoch };
  };

  /** A reader may have stayed with a master that the other connections have left. */
  const requireCurrent = (epoch: string): void => {
    if (epoch !== binding.epoch) throw redisFault(new Error('the feed is read from another master'));
  };

  const scan = async function* (command: RedisCommand): AsyncIterable<readonly string[]> {
    const [name = '', key = ''] = command;
    let cursor = '0';
    do {
      const [[next, pairs], [storeId]] = (await link.ask([
        [name, key, cursor, 'count', PART],
        ['hmget', keys.marker, 'store_id'],
      ])) as [[string, string[]], (string | null)[]];
      binding.verify(storeId);
      cursor = next;
      yield pairs;
    } while (cursor !== '0');
  };

  /** Redis answers more than it was asked for while a collection is small. */
  const inParts = function* (pairs: readonly string[], entry: (name: string, value: string) => Revocation) {
    for (let start = 0; start < pairs.length; start += 2 * PART) {
      const part: Revocation[] = [];
      const end = Math.min(start + 2 * PART, pairs.length);
      for (let index = start; index < end; index += 2)
        part.push(entry(pairs[index] ?? '', pairs[index + 1] ?? ''));
      yield part;
    }
  };

  const clientEntry = (id: string, standing: string): Revocation => {
    const generation = generationFromText(standing);
    binding.saw(generation);
    return { kind: 'client', clientId: id as ClientId, generation };
  };
  const tokenEntry = (id: string, forgetAt: string): Revocation => ({
    kind: 'token',
    tokenId: id as TokenId,
    forgetAtSeconds: Number(forgetAt),
  });

  async function* partsOfLedger(): AsyncIterable<readonly Revocation[]> {
    for await (const pairs of scan(['hscan', keys.standing])) yield* inParts(pairs, clientEntry);
    for await (const pairs of scan(['zscan', keys.revoked])) yield* inParts(pairs, tokenEntry);
    const [ring, [storeId]] = (await link.ask([
      ['get', keys.ring],
      ['hmget', keys.marker, 'store_id'],
    ])) as [string | null, (string | null)[]];
    binding.verify(storeId);
    const revoked = ring === null ? [] : revokedKeysOf(ringFromText(ring));
    if (revoked.length > 0) yield revoked.map((keyId) => ({ kind: 'key', keyId }));
  }

  /** Fails with FeedBroken unless the stream still has all that follows the position. */
  const requireContinuable = (from: FeedPosition, reply: unknown, epoch: string): void => {
    const last = sequenceOf(String(streamInfo(reply, 'last-generated-id')));
    const first = streamInfo(reply, 'first-entry') as StreamEntry | null;
    const firstSequence = first === null ? last + 1 : sequenceOf(first[0]);
    if (from.epoch !== epoch || from.sequence > last || from.sequence < firstSequence - 1) {
      throw new FeedBroken('This position is of another epoch, or too old.');
    }
  };

  const read = async (
    reader: Link,
    from: FeedPosition,
    sink: FeedSink,
    signal: AbortSignal,
  ): Promise<never> => {
    await reader.connected(CONNECT_MS).catch((error: unknown) => {
      throw redisFault(error);
    });
    const start = vouched(await reader.run([['xinfo', 'stream', keys.feed], ...vouching]));
    requireContinuable(from, start.reply, start.epoch);
    requireCurrent(start.epoch);
    binding.follow(start.epoch);

    let sequence = from.sequence;
    for (;;) {
      const askedAt = clock.monotonic();
      const replies = await reader.run([
        ['xread', 'count', PART, 'block', BLOCK_MS, 'streams', keys.feed, entryIdOf(sequence)],
        ...vouching,
      ]);
      signal.throwIfAborted();
      const { reply, epoch } = vouched(replies);
      if (epoch !== from.epoch) throw new FeedBroken('The epoch has changed.');
      requireCurrent(epoch);
      const streams = reply as [string, StreamEntry[]][] | null;
      const entries = streams?.[0]?.[1] ?? [];
      for (const entry of entries) {
        const found = sequenceOf(entry[0]);
        if (found !== sequence + 1) throw new FeedBroken('Changes are missing from the feed.');
        const revocation = revocationFromEntry(entry);
        if (revocation.kind === 'client') binding.saw(revocation.generation);
        sink.change(found, revocation);
        sequence = found;
      }
      // A full part is not known to be all there was.
      if (entries.length < PART) sink.confirmed(askedAt);
    }
  };

  return {
    async snapshot() {
      const { reply, epoch } = vouched(await link.ask([['xinfo', 'stream', keys.feed], ...vouching]));
      requireCurrent(epoch);
      const sequence = sequenceOf(String(streamInfo(reply, 'last-generated-id')));
      return { position: { epoch, sequence }, parts: partsOfLedger() };
    },

    async follow(from, sink, stop) {
      stop.throwIfAborted();
      if (closed.aborted) throw temporarilyUnavailable(new Error('the store is closed'));
      const reader = openLink();
      const ended = new AbortController();
      try {
        return await new Promise<never>((_, reject) => {
          const onStop = (): void => {
            binding.follow(undefined);
            reject(stop.reason);
          };
          const onClose = (): void => reject(temporarilyUnavailable(new Error('the store is closed')));
          stop.addEventListener('abort', onStop, { once: true, signal: ended.signal });
          closed.addEventListener('abort', onClose, { once: true, signal: ended.signal });
          read(reader, from, sink, ended.signal).catch(reject);
        });
      } finally {
        ended.abort();
        reader.close();
      }
    },

    async merge(revocations) {
      const inScript = revocations.filter((one) => one.kind !== 'key');
      for (let start = 0; start < inScript.length; start += MERGED_AT_ONCE) {
        const args = inScript
          .slice(start, start + MERGED_AT_ONCE)
          .flatMap((one) =>
            one.kind === 'client'
              ? ['c', one.clientId, one.generation]
              : ['t', one.tokenId, Math.ceil(one.forgetAtSeconds)],
          );
        await change('merge-revocations', { keys: [keys.revoked], args });
      }
      for (const one of revocations) if (one.kind === 'key') await mergeKey(keyRings, one.keyId);
    },
  };
}
