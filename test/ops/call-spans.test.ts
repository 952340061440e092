import {
  type Context,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { expect } from 'chai';
import type { Call } from '../../src/domain/call.js';
import { makeCallSpans } from '../../src/ops/call-spans.js';

interface Recorded {
  readonly name: string;
  readonly options: SpanOptions;
  readonly parent: string | undefined;
  status?: SpanStatusCode;
  endedAt?: unknown;
}

/** As much of an SDK as there has to be for spans to be made. */
function recordingProvider(recorded: Recorded[]): TracerProvider {
  const startSpan = (name: string, options: SpanOptions = {}, context?: Context): Span => {
    const parent = context && trace.getSpanContext(context);
    const span: Recorded = { name, options, parent: parent && `${parent.traceId}/${parent.spanId}` };
    recorded.push(span);
    return {
      spanContext: () => ({ ...INVALID_SPAN_CONTEXT, traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }),
      setStatus: ({ code }: { code: SpanStatusCode }) => {
        span.status = code;
      },
      end: (time: unknown) => {
        span.endedAt = time;
      },
    } as unknown as Span;
  };
  return { getTracer: () => ({ startSpan }) as unknown as Tracer };
}

const call: Call = {
  requestId: 'r-1',
  door: 'grpc',
  sourceAddress: '192.0.2.1',
  credential: { kind: 'secret', clientId: 'a', secret: 'canary' },
  trace: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), sampled: true },
  facts: {},
};

describe('spans of calls', () => {
  afterEach(() => trace.disable());

  it('are not even thought of where no OpenTelemetry SDK is registered', () => {
    expect(makeCallSpans()).to.equal(undefined);
  });

  it('belong to the trace of the caller, have the times of the call, and no secret', () => {
    const recorded: Recorded[] = [];
    trace.setGlobalTracerProvider(recordingProvider(recorded));
    const spans = makeCallSpans();
    spans?.finished(call, { rpc: 'IssueToken', code: 'ok', durationMs: 20 });
    const span = recorded.find(({ name }) => name === 'IssueToken');
    expect(span?.parent).to.equal(`${'c'.repeat(32)}/${'d'.repeat(16)}`);
    expect(span?.options.attributes).to.deep.equal({
      'rpc.system': 'grpc',
      'rpc.method': 'IssueToken',
      'countersign.code': 'ok',
      'countersign.request_id': 'r-1',
    });
    expect(Number(span?.endedAt) - Number(span?.options.startTime)).to.equal(20);
    expect(span?.status).to.equal(undefined);
    expect(JSON.stringify(recorded)).not.to.contain('canary');
  });

  it('are errors when this server failed, and not when the caller did', () => {
    const recorded: Recorded[] = [];
    trace.setGlobalTracerProvider(recordingProvider(recorded));
    const spans = makeCallSpans();
    for (const code of ['invalid_client', 'temporarily_unavailable', 'internal'] as const) {
      spans?.finished({ ...call, trace: undefined }, { rpc: code, code, durationMs: 1 });
    }
    const statusOf = (name: string) => recorded.find((span) => span.name === name)?.status;
    expect(statusOf('invalid_client')).to.equal(undefined);
    expect(statusOf('temporarily_unavailable')).to.equal(SpanStatusCode.ERROR);
    expect(statusOf('internal')).to.equal(SpanStatusCode.ERROR);
    expect(recorded.every(({ parent }) => parent === undefined)).to.equal(true);
  });
});
