import type { Logger } from './log.js';
import type { CallObserver } from './wire/call-observer.js';

/**
 * Writes one line for each call: who, what, how it ended and how long it took. Only named facts go in, so that neither
 * a secret nor a whole token can. What the caller is not told (`cause`) is told here, under the same request id.
 */
export function makeCallLog(log: Logger): CallObserver {
  return {
    finished(call, { rpc, code, durationMs, cause }) {
      const line = {
        request_id: call.requestId,
        rpc,
        door: call.door,
        code,
        ms: Math.round(durationMs * 1000) / 1000,
        source: call.sourceAddress,
        ...(call.facts.clientId === undefined ? {} : { client_id: call.facts.clientId }),
        ...(call.facts.tokenId === undefined ? {} : { token_id: call.facts.tokenId }),
        ...(call.facts.active === undefined ? {} : { active: call.facts.active }),
        ...(cause === undefined ? {} : { err: cause }),
      };
      if (code === 'internal') log.error(line, 'call');
      else if (code === 'temporarily_unavailable') log.warn(line, 'call');
      else log.info(line, 'call');
    },
  };
}
