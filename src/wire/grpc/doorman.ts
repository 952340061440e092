import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { CallObserver } from '../call-observer.js';
import { type Crowd, isUrgent, TOO_MANY } from '../crowd.js';
import type { HoldBack } from './hold-back.js';
import { ERROR_KEY, GRPC_STATUS } from './status.js';

/** Sees a stream before grpc-js does. Answers whether it turned it away. */
export type Doorman = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/** What is known of a call by its path alone. */
interface Kind {
  readonly rpc: string;
  readonly isStream: boolean;
  readonly isUrgent: boolean;
}

/**
 * While the crowd turns callers away, answers them `slow_down` before anything of the call is read, looked up or
 * logged, which is the least that a refusal can cost; it is counted, and that is all. Revocations are always let in,
 * and so is what stays open, which is no work.
 */
export function makeDoorman(options: {
  readonly services: readonly ServiceDefinition[];
  readonly crowd: Crowd;
  readonly holdBack: HoldBack;
  readonly observer: CallObserver;
}): Doorman {
  const { crowd, holdBack, observer } = options;
  const kinds = new Map<string, Kind>();
  for (const { path, responseStream } of options.services.flatMap(Object.values)) {
    const rpc = path.slice(path.lastIndexOf('/') + 1);
    kinds.set(path, { rpc, isStream: responseStream, isUrgent: isUrgent(rpc) });
  }

  return (stream, headers) => {
    const { session } = stream;
    if (session === undefined) return false;
    const kind = kinds.get(headers[':path'] ?? '');
    if (kind?.isStream) stream.once('close', holdBack.seesStream(session));
    else holdBack.sees(session, kind?.isUrgent ?? false);
    if (!crowd.isTurningAway || kind === undefined || kind.isStream || kind.isUrgent) return false;
    refuse(stream);
    observer.turnedAway?.(kind.rpc, 'grpc');
    return true;
  };
}

/** All of the answer in one frame. What is on its way of the message is let pass by. */
function refuse(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined);
  stream.respond(REFUSAL, { endStream: true });
  stream.resume();
}

const RETRY_AFTER_SECONDS = TOO_MANY.retryAfterSeconds ?? 1;
const REFUSAL = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-status': String(GRPC_STATUS.slow_down),
  'grpc-message': TOO_MANY.message,
  [ERROR_KEY]: TOO_MANY.code,
  'retry-after': String(RETRY_AFTER_SECONDS),
  'grpc-retry-pushback-ms': String(RETRY_AFTER_SECONDS * 1000),
};
