import type { TraceContext } from '../domain/call.js';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/**
 * The caller's place in a trace, as it sent it in `traceparent` (W3C Trace Context, version 00 and whatever later ones
 * have in common with it). Anything else is undefined: a trace is never a reason to refuse a call.
 */
export function traceContextFrom(traceparent: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > 256) return undefined;
  const [, version, traceId = NO_TRACE, spanId = NO_SPAN, flags = '', more] =
    TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
