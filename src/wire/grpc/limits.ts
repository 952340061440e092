import type { ServerOptions } from '@grpc/grpc-js';
import { type CrowdLimits, DEFAULT_CROWD } from '../crowd.js';
import { MAX_RESPONSE_BYTES } from './unary-call.js';

/** How much and how long anybody may keep this server busy. */
export interface GrpcLimits {
  /** Connections held at once, on each address; more are closed as they come. */
  readonly maxConnections: number;
  /** Calls at once on one connection; a caller with more waits by itself. */
  readonly maxConcurrentStreams: number;
  /** Unary calls under way at once, revocations beyond that, and how many others may wait for it, and how long. */
  readonly crowd: CrowdLimits;
  /** Until a unary call is answered, at the latest. */
  readonly callTimeoutMs: number;
  /** A connection without a call is closed after so long. */
  readonly connectionIdleMs: number;
  /** A connection takes no new calls after so long, so that callers spread over servers that came later. */
  readonly connectionAgeMs: number;
  /** What it then has to finish its calls. */
  readonly connectionAgeGraceMs: number;
  /** How often a connection is asked whether anybody is there. */
  readonly keepaliveMs: number;
  /** What the answer may take. */
  readonly keepaliveTimeoutMs: number;
}

export const DEFAULT_LIMITS: GrpcLimits = {
  maxConnections: 8192,
  maxConcurrentStreams: 100,
  crowd: DEFAULT_CROWD,
  callTimeoutMs: 1000,
  connectionIdleMs: 60_000,
  connectionAgeMs: 300_000,
  connectionAgeGraceMs: 10_000,
  // Node does not see the end of a connection on which it has said GOAWAY for a breach of the protocol: nothing but
  // this takes its descriptor back.
  keepaliveMs: 10_000,
  keepaliveTimeoutMs: 5_000,
};

/** grpc-js bounds next to nothing by itself: endless streams, and silent connections that stay for ever. */
export const serverOptions = (limits: GrpcLimits): ServerOptions => ({
  // A batch; what else is longer than 64 KiB is refused where messages are read.
  'grpc.max_receive_message_length': 1024 * 1024,
  'grpc.max_send_message_length': MAX_RESPONSE_BYTES,
  'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
  'grpc.max_connection_idle_ms': limits.connectionIdleMs,
  'grpc.max_connection_age_ms': limits.connectionAgeMs,
  'grpc.max_connection_age_grace_ms': limits.connectionAgeGraceMs,
  'grpc.keepalive_time_ms': limits.keepaliveMs,
  'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  // It would show connections and peers to anybody who asks, and costs each call.
  'grpc.enable_channelz': 0,
});
