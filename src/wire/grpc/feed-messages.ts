import { cursorOf, unfinishedCursorOf } from '../../domain/feed-cursor.js';
import type { FeedEncoder } from '../../domain/feed-hub.js';
import type { FeedBeat } from '../../domain/feed-watcher.js';
import type { Revocation } from '../../domain/revocation.js';
import {
  type Revocation as RevocationMessage,
  WatchRevocationsResponse,
} from '../gen/countersign/v1/token_service.js';

/** The feed's messages as bytes, so that one that goes out on a thousand streams is encoded once. */
export const feedMessages: FeedEncoder<Buffer> = {
  part: (position, revocations, { number, last }) =>
    bytesOf({
      cursor: last ? cursorOf(position) : unfinishedCursorOf(position.epoch),
      event: {
        $case: 'snapshot',
        value: {
          revocations: revocations.map(revocationToMessage),
          first: number === 1,
          last,
          partNumber: number,
        },
      },
    }),

  change: (position, revocation) =>
    bytesOf({
      cursor: cursorOf(position),
      event: { $case: 'change', value: revocationToMessage(revocation) },
    }),
};

/**
 * A heartbeat, which differs from stream to stream. Times are rounded to whole milliseconds so that the reader thinks
 * the confirmation older than it is, never younger.
 */
export const beatMessage = (beat: FeedBeat, openedMonotonicMs: number): Buffer =>
  bytesOf({
    cursor: cursorOf(beat.position),
    event: {
      $case: 'heartbeat',
      value: {
        storeConfirmedMonotonicMs: Math.floor(beat.confirmedMonotonicMs),
        streamOpenedMonotonicMs: Math.ceil(openedMonotonicMs),
      },
    },
  });

function bytesOf(message: WatchRevocationsResponse): Buffer {
  const bytes = WatchRevocationsResponse.encode(message).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function revocationToMessage(revocation: Revocation): RevocationMessage {
  switch (revocation.kind) {
    case 'client': {
      const { clientId, generation } = revocation;
      return { kind: { $case: 'clientGeneration', value: { clientId, generation } } };
    }
    case 'token': {
      const { tokenId, forgetAtSeconds } = revocation;
      return { kind: { $case: 'token', value: { tokenId, forgetAtSeconds } } };
    }
    case 'key':
      return { kind: { $case: 'key', value: { keyId: revocation.keyId } } };
  }
}
