import type { Logger } from './log.js';
import type { CallObserver, CallOutcome } from './wire/call-observer.js';

/**
 * Writes one line for each call: who, what, how it ended and how long it took. Only named facts go in, so that neither
 * a secret nor a whole token can. What the caller is not told (`cause`) is told here, under the same request id.
 *
 * Calls that went well, refusals and failures each have their own number of lines a second: a flood of one neither
 * fills a disk nor crowds out another. How many were left out is told by the next line of their kind; the metrics count
 * them all.
 */
export function makeCallLog(
  log: Logger,
  options: { readonly linesPerSecond?: number; readonly monotonic?: () => number } = {},
): CallObserver {
  const { linesPerSecond = Number.POSITIVE_INFINITY, monotonic = () => performance.now() } = options;
  const budgets = {
    ok: new LineBudget(linesPerSecond),
    refused: new LineBudget(linesPerSecond),
    failed: new LineBudget(linesPerSecond),
  };

  return {
    finished(call, { rpc, code, durationMs, cause }) {
      const budget = budgets[kindOf(code)];
      if (!budget.takes(monotonic())) return;
      const leftOut = budget.takeLeftOut();
      const line = {
        request_id: call.requestId,
        rpc,
        door: call.door,
        code,
        ms: Math.round(durationMs * 1000) / 1000,
        source: call.sourceAddress,
        ...(call.trace === undefined ? {} : { trace_id: call.trace.traceId }),
        ...(call.facts.clientId === undefined ? {} : { client_id: call.facts.clientId }),
        ...(call.facts.tokenId === undefined ? {} : { token_id: call.facts.tokenId }),
        ...(call.facts.active === undefined ? {} : { active: call.facts.active }),
        ...(cause === undefined ? {} : { err: cause }),
        ...(leftOut === 0 ? {} : { left_out: leftOut }),
      };
      if (code === 'internal') log.error(line, 'call');
      else if (code === 'temporarily_unavailable') log.warn(line, 'call');
      else log.info(line, 'call');
    },
  };
}

function kindOf(code: CallOutcome['code']): 'ok' | 'refused' | 'failed' {
  if (code === 'ok' || code === 'cancelled') return 'ok';
  return code === 'internal' || code === 'temporarily_unavailable' ? 'failed' : 'refused';
}

/** So many lines in each second, and a count of those left out. */
class LineBudget {
  readonly #perSecond: number;
  #secondEndsMs = Number.NEGATIVE_INFINITY;
  #left = 0;
  #leftOut = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  takes(nowMs: number): boolean {
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + 1000;
      this.#left = this.#perSecond;
    }
    if (this.#left > 0) {
      this.#left -= 1;
      return true;
    }
    this.#leftOut += 1;
    return false;
  }

  takeLeftOut(): number {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}
