import type { Admit } from '../../domain/admit.js';
import type { Call } from '../../domain/call.js';
import { AuthError, type AuthErrorCode } from '../../domain/errors.js';
import type { GuardedRpc } from '../../domain/permission.js';
import type { OutgoingStream, StreamHandler } from './stream-call.js';

/** How often the caller of an open stream is looked at again. */
export const READMIT_EVERY_MS = 30_000;

/** What ends a stream when its caller is looked at again; that nobody can tell right now does not. */
const ENDS: ReadonlySet<AuthErrorCode> = new Set(['invalid_client', 'invalid_token', 'insufficient_scope']);

/**
 * Lets only admitted callers to a stream, and only as long as they are: a token that expires, or a client that is
 * revoked or loses the permission, ends its streams within {@link READMIT_EVERY_MS}.
 */
export function guardStream<Request, Response>(
  admit: Admit,
  rpc: GuardedRpc,
  handler: StreamHandler<Request, Response>,
  readmitEveryMs = READMIT_EVERY_MS,
): StreamHandler<Request, Response> {
  return async (request, call, stream) => {
    await admit(rpc, call);
    if (stream.signal.aborted) return;
    const timer = setInterval(() => void readmit(admit, rpc, call, stream), readmitEveryMs);
    stream.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    await handler(request, call, stream);
  };
}

async function readmit(
  admit: Admit,
  rpc: GuardedRpc,
  call: Call,
  stream: OutgoingStream<unknown>,
): Promise<void> {
  try {
    await admit(rpc, call);
  } catch (error) {
    if (error instanceof AuthError && ENDS.has(error.code)) stream.end(error);
  }
}
