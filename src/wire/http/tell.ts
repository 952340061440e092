import type { FastifyRequest } from 'fastify';
import type { Call } from '../../domain/call.js';
import { AuthError } from '../../domain/errors.js';
import type { RpcName } from '../../domain/permission.js';
import type { CallObserver } from '../call-observer.js';
import { traceContextFrom } from '../trace-context.js';
import type { SourceAddress } from './source-address.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Names the request in the answer, the log and the trail. */
    requestId: string;
    /** By `performance.now()`. */
    arrivedMs: number;
  }
}

/** What a call ends with that nobody waits for any more. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

/** Makes a {@link Call} of a request, and tells the observer how it ended. */
export interface Tell {
  /** Without a credential as yet. */
  callOf(request: FastifyRequest): Call;
  /** Each call once; `error` is what it failed with, if it did. */
  ended(request: FastifyRequest, call: Call, rpc: RpcName, error?: unknown): void;
}

export function makeTell(observer: CallObserver, sourceAddress: SourceAddress): Tell {
  return {
    callOf: (request) => ({
      requestId: request.requestId,
      door: 'http',
      sourceAddress: sourceAddress(request.raw.socket.remoteAddress, forwardedFor(request)),
      credential: { kind: 'none' },
      trace: traceContextFrom(request.headers.traceparent),
      facts: {},
    }),
    ended: (request, call, rpc, error) => {
      const durationMs = performance.now() - request.arrivedMs;
      if (request.raw.socket.destroyed) {
        observer.finished(call, { rpc, code: 'cancelled', durationMs });
      } else if (error === undefined) {
        observer.finished(call, { rpc, code: 'ok', durationMs });
      } else if (error instanceof AuthError) {
        const why = error.cause === undefined ? {} : { cause: error.cause };
        observer.finished(call, { rpc, code: error.code, durationMs, ...why });
      } else {
        observer.finished(call, { rpc, code: 'internal', durationMs, cause: error });
      }
    },
  };
}

function forwardedFor(request: FastifyRequest): string | undefined {
  const header = request.headers['x-forwarded-for'];
  return Array.isArray(header) ? header.join(',') : header;
}
