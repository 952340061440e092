import { readFileSync } from 'node:fs';
import {
  FAILURE_LIMITS,
  type FailureCounts,
  type FailureThrottle,
  waitSecondsAfter,
} from '../../domain/failure-throttle.js';
import type { Clock } from '../../domain/ports.js';
import { FailureLedger } from './failure-ledger.js';
import { placeOf } from './local-throttle.js';

/** How long the answer to a failure may be held up. */
const PATIENCE_MS = 40;
/** For how long Redis is left alone after it was too slow, or not there. */
const PAUSE_MS = 1000;
const MAX_IN_FLIGHT = 100;
/**
 * How often Redis is asked in a second at most. Counters live for two minutes, so this also bounds how many there are,
 * however many addresses somebody has (of IPv6, say).
 */
const MAX_ASKS_A_SECOND = 200;

const SCRIPT_FILE = new URL('./lua/count-failure.lua', import.meta.url);

/** Sends commands to Redis and answers their replies in order, or rejects in bounded time. */
export type AskRedis = (commands: readonly (readonly (string | number)[])[]) => Promise<readonly unknown[]>;

/**
 * Counts failures for all servers together: one small hash in Redis for each address, which expires by itself and
 * has a bounded number of fields, so it grows with real addresses and never with made-up ids.
 *
 * Redis is asked only while an address is below its limits; past them this process knows enough. A flood of failures
 * therefore costs Redis no more than the first few. While Redis is slow or gone, each server counts for itself.
 */
export function makeSharedThrottle(options: {
  readonly ask: AskRedis;
  readonly keyOf: (source: string) => string;
  readonly clock: Clock;
}): FailureThrottle {
  const { ask, keyOf, clock } = options;
  const script = readFileSync(SCRIPT_FILE, 'utf8');
  const ledger = new FailureLedger();
  let askAgainAtMs = Number.NEGATIVE_INFINITY;
  let inFlight = 0;
  let asks = 0;
  let asksEndMs = Number.NEGATIVE_INFINITY;

  const mayAsk = (): boolean => {
    const now = clock.monotonic();
    if (now >= asksEndMs) {
      asksEndMs = now + 1000;
      asks = 0;
    }
    return now >= askAgainAtMs && inFlight < MAX_IN_FLIGHT && asks < MAX_ASKS_A_SECOND;
  };

  const countTogether = async (
    source: string,
    slot: number | undefined,
  ): Promise<FailureCounts | undefined> => {
    if (!mayAsk()) return undefined;
    inFlight += 1;
    asks += 1;
    const { windowMs, perClientAndSource, perSource } = FAILURE_LIMITS;
    const args = [slot ?? '', perClientAndSource, perSource, windowMs];
    const counted = ask([['eval', script, 1, keyOf(source), ...args]])
      .then(([reply]) => countsFrom(reply))
      .catch(() => undefined)
      .finally(() => {
        inFlight -= 1;
      });
    const counts = await inTime(counted);
    if (counts === undefined) askAgainAtMs = clock.monotonic() + PAUSE_MS;
    return counts;
  };

  return {
    async failed(clientId, sourceAddress) {
      const { source, slot } = placeOf(clientId, sourceAddress);
      const own = ledger.add(source, slot, clock.monotonic());
      const wait = waitSecondsAfter(own);
      if (wait !== undefined) return wait;
      const all = await countTogether(source, slot);
      if (all === undefined) return undefined;
      ledger.merge(source, slot, all, clock.monotonic());
      return waitSecondsAfter(all);
    },
  };
}

async function inTime<T>(answer: Promise<T | undefined>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, undefined);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function countsFrom(reply: unknown): FailureCounts | undefined {
  const [ofClient, ofSource] = typeof reply === 'string' ? reply.split(' ').map(Number) : [];
  if (!Number.isSafeInteger(ofClient) || !Number.isSafeInteger(ofSource)) return undefined;
  return { ofClient: ofClient ?? 0, ofSource: ofSource ?? 0 };
}
