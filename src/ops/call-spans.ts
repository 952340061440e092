import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { Call } from '../domain/call.js';
import type { CallObserver } from '../wire/call-observer.js';

/**
 * A span for each call, for whatever OpenTelemetry SDK has been registered in this process (by
 * `NODE_OPTIONS=--import …`, say); undefined where none has been, so that nothing is spent on spans that go nowhere.
 *
 * Spans are made when a call has ended, with the times that it had: so nothing has to be carried through it.
 */
export function makeCallSpans(): CallObserver | undefined {
  const tracer = trace.getTracer('countersign');
  // Without an SDK every span is one and the same, which is of no trace.
  if (!isSpanContextValid(tracer.startSpan('probe').spanContext())) return undefined;

  return {
    finished(call, { rpc, code, durationMs }) {
      const endTime = Date.now();
      const span = tracer.startSpan(
        rpc,
        {
          kind: SpanKind.SERVER,
          startTime: endTime - durationMs,
          attributes: {
            'rpc.system': call.door === 'grpc' ? 'grpc' : 'http',
            'rpc.method': rpc,
            'countersign.code': code,
            'countersign.request_id': call.requestId,
          },
        },
        parentOf(call),
      );
      // What is wrong with a request is its caller's error, and none of this server's.
      if (code === 'internal' || code === 'temporarily_unavailable') {
        span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      }
      span.end(endTime);
    },
  };
}

function parentOf({ trace: from }: Call) {
  if (from === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = from;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
