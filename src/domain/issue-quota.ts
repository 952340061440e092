import { AuthError } from './errors.js';
import type { ClientId } from './ids.js';

/** Bounds how many tokens one client gets, for clients that ask for a new one with every call of theirs. */
export interface IssueQuota {
  /** Takes one from the client's quota; answers for how many seconds to wait where there is none left. */
  take(clientId: ClientId): number | undefined;
}

/** No bound. */
export const NO_QUOTA: IssueQuota = { take: () => undefined };

/** Fails with `slow_down` when the client has had its share. */
export function requireQuota(quota: IssueQuota, clientId: ClientId): void {
  const retryAfterSeconds = quota.take(clientId);
  if (retryAfterSeconds !== undefined) {
    throw new AuthError('slow_down', 'This client asks for tokens too often. Use one until it expires.', {
      retryAfterSeconds,
    });
  }
}
