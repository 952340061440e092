import { AuthError } from '../../domain/errors.js';
import { positionFromCursor } from '../../domain/feed-cursor.js';
import type { FeedHub } from '../../domain/feed-hub.js';
import type { WatchEnd } from '../../domain/feed-watcher.js';
import type { HoldAdmission } from '../../domain/standing-admission.js';
import type { TimedClock } from '../../domain/timers.js';
import type {
  WatchRevocationsRequest,
  WatchRevocationsResponse,
} from '../gen/countersign/v1/token_service.js';
import { beatMessage } from './feed-messages.js';
import type { StreamHandler } from './stream-call.js';

/** How many messages one stream may have on their way, snapshot parts of up to 100 KB among them. */
const MOST_QUEUED = 8;

/**
 * `WatchRevocations`: the hub's feed on one stream. Ends with UNAVAILABLE, meaning "resume", when the server stops, the
 * reader is too slow or its token has expired; and with a refusal when the reader may watch no longer.
 */
export function makeWatchRevocations(room: {
  readonly hub: FeedHub<Buffer>;
  readonly holdAdmission: HoldAdmission;
  readonly clock: TimedClock;
}): StreamHandler<WatchRevocationsRequest, WatchRevocationsResponse> {
  const { hub, holdAdmission, clock } = room;

  return async (request, call, stream) => {
    // As early as can be told: a reader adds to its own time what the store's confirmation is ahead of this.
    const openedMs = clock.monotonic();
    const standing = await holdAdmission('WatchRevocations', call, (why) => stream.end(why));
    try {
      if (stream.signal.aborted) return;
      const send = (bytes: Buffer): boolean => {
        stream.send(bytes);
        if (stream.queued < MOST_QUEUED) return true;
        stream.drained().then(
          () => watch.drained(),
          // The stream is over.
          () => undefined,
        );
        return false;
      };
      const watch = hub.watch(positionFromCursor(request.cursor), {
        send,
        beat: (beat) => send(beatMessage(beat, openedMs)),
        ended: (why) => stream.end(RESUME[why]()),
      });
      await aborted(stream.signal);
      watch.stop();
    } finally {
      standing.release();
    }
  };
}

/** Settles when the signal is aborted, or at once if it is. */
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const RESUME: Readonly<Record<WatchEnd, () => AuthError>> = {
  slow: () => new AuthError('temporarily_unavailable', 'This reader is too slow for the feed: resume.'),
  stopping: () => new AuthError('temporarily_unavailable', 'This server is stopping: resume at another.'),
};
