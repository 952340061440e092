import type { GuardedRpc } from '../../domain/permission.js';
import type { HoldAdmission } from '../../domain/standing-admission.js';
import type { StreamHandler } from './stream-call.js';

/** Lets only admitted callers to a stream, and ends it when they may stay no longer. */
export const holdStream =
  <Request, Response>(
    hold: HoldAdmission,
    rpc: GuardedRpc,
    handler: StreamHandler<Request, Response>,
  ): StreamHandler<Request, Response> =>
  async (request, call, stream) => {
    const standing = await hold(rpc, call, (why) => stream.end(why));
    try {
      if (!stream.signal.aborted) await handler(request, call, stream);
    } finally {
      standing.release();
    }
  };
