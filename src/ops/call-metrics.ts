import { Counter, type Registry } from 'prom-client';
import type { CallObserver, CallOutcome } from '../wire/call-observer.js';
import { DurationHistogram, type Observe } from './duration-histogram.js';

/** From what an in-memory check takes to what no call may take. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** What each RPC that ends something ends. */
const REVOKES: Readonly<Record<string, string>> = {
  RevokeClient: 'client',
  DeleteClient: 'client',
  RevokeClientTokens: 'client_tokens',
  RevokeClientSecret: 'secret',
  RevokeToken: 'token',
  RevokeTokenById: 'token',
  RevokeSigningKey: 'key',
};

type Code = CallOutcome['code'];

/** The handles of one RPC at one door, looked up once: a label set costs more to find than to count. */
interface Line {
  readonly observe: Observe;
  readonly codes: Map<Code, () => void>;
}

/** Counts calls by RPC, code and door, and what they came to. */
export function makeCallMetrics(registry: Registry): CallObserver {
  const registers = [registry];
  const requests = new Counter({
    name: 'countersign_requests_total',
    help: 'Calls that have ended, by RPC, door and code.',
    labelNames: ['rpc', 'door', 'code'],
    registers,
  });
  const durations = new DurationHistogram({
    name: 'countersign_request_duration_seconds',
    help: 'How long calls took, from their first byte read to their answer.',
    buckets: DURATION_BUCKETS,
    registry,
  });
  const issued = new Counter({ name: 'countersign_tokens_issued_total', help: 'Tokens issued.', registers });
  const refused = new Counter({
    name: 'countersign_refusals_total',
    help: 'Requests for a token that were refused, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const introspected = new Counter({
    name: 'countersign_introspections_total',
    help: 'Tokens asked about one at a time, by what was found.',
    labelNames: ['active'],
    registers,
  });
  const revocations = new Counter({
    name: 'countersign_revocations_total',
    help: 'Revocations that were answered OK, by what they ended.',
    labelNames: ['kind'],
    registers,
  });
  const active = introspected.labels('true');
  const inactive = introspected.labels('false');
  // Shown as 0 from the start: a rate over a series that appears with its first event misses that event.
  for (const series of [active, inactive]) series.inc(0);
  for (const kind of new Set(Object.values(REVOKES))) revocations.inc({ kind }, 0);

  const lines = { grpc: new Map<string, Line>(), http: new Map<string, Line>() };

  const countsFor = (line: Line, rpc: string, door: 'grpc' | 'http', code: Code): (() => void) => {
    const total = requests.labels(rpc, door, code);
    const kind = code === 'ok' ? REVOKES[rpc] : undefined;
    const extra =
      kind !== undefined
        ? revocations.labels(kind)
        : rpc !== 'IssueToken'
          ? undefined
          : code === 'ok'
            ? issued
            : refused.labels(code);
    const counts = (): void => {
      total.inc();
      extra?.inc();
    };
    line.codes.set(code, counts);
    return counts;
  };

  const lineFor = (rpc: string, door: 'grpc' | 'http'): Line => {
    const line: Line = { observe: durations.labels({ rpc, door }), codes: new Map() };
    lines[door].set(rpc, line);
    return line;
  };

  const count = (rpc: string, door: 'grpc' | 'http', code: Code): Line => {
    const line = lines[door].get(rpc) ?? lineFor(rpc, door);
    (line.codes.get(code) ?? countsFor(line, rpc, door, code))();
    return line;
  };

  return {
    turnedAway(rpc, door) {
      count(rpc, door, 'slow_down');
    },
    finished({ door, facts }, { rpc, code, durationMs }) {
      const line = count(rpc, door, code);
      // How long a caller kept a stream open says nothing of how fast this server is.
      if (!rpc.startsWith('Watch')) line.observe(durationMs / 1000);
      if (facts.active !== undefined) (facts.active ? active : inactive).inc();
    },
  };
}
