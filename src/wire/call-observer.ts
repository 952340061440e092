import type { Call } from '../domain/call.js';
import type { AuthErrorCode } from '../domain/errors.js';

/** How a call ended. */
export interface CallOutcome {
  /** The RPC's name, also for the HTTP endpoint that calls the same use-case. */
  readonly rpc: string;
  /** `unimplemented` and `cancelled` are the transport's own endings. */
  readonly code: 'ok' | 'unimplemented' | 'cancelled' | AuthErrorCode;
  readonly durationMs: number;
  /** What really happened, for the log alone; set when the call failed for a reason that its caller is not told. */
  readonly cause?: unknown;
}

/** Is told of every call exactly once, in one way or the other, when it has ended: the log line and the metrics come from here. */
export interface CallObserver {
  finished(call: Call, outcome: CallOutcome): void;
  /** A call was told `slow_down` before anything of it was looked at: there is no more to be known of it. */
  turnedAway?(rpc: string, door: Call['door']): void;
}
