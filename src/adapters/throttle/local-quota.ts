import { LRUCache } from 'lru-cache';
import type { ClientId } from '../../domain/ids.js';
import type { IssueQuota } from '../../domain/issue-quota.js';
import type { Clock } from '../../domain/ports.js';

const MINUTE_MS = 60_000;
const MAX_CLIENTS = 50_000;

/**
 * So many tokens a minute for each client, of this process. What was not used fills up evenly, up to a minute's worth.
 *
 * It is asked only about clients that have proven who they are, so nobody can fill it with names; and it is not shared
 * between servers, because issuing must not cost a further round trip to the store.
 */
export function makeLocalQuota(options: { readonly perMinute: number; readonly clock: Clock }): IssueQuota {
  const { perMinute, clock } = options;
  const intervalMs = MINUTE_MS / perMinute;
  /** When each client would have used up what it took, at the even pace. */
  const usedUpAt = new LRUCache<ClientId, number>({ max: MAX_CLIENTS });

  return {
    take(clientId) {
      const now = clock.monotonic();
      const next = Math.max(usedUpAt.get(clientId) ?? now, now) + intervalMs;
      const earlyMs = next - MINUTE_MS - now;
      // Sums of intervals are not exact, and a whole minute's worth must be.
      if (earlyMs > 1e-6 * MINUTE_MS) return Math.ceil(earlyMs / 1000);
      usedUpAt.set(clientId, next);
      return undefined;
    },
  };
}
