import type { Call } from './call.js';
import { type Client, isLive } from './client.js';
import { invalidClient } from './errors.js';
import { type FailureThrottle, refusalOf } from './failure-throttle.js';
import { isClientId } from './ids.js';
import type { ClientStore, Clock, RingVersion, SecretHasher } from './ports.js';

/** Longer ones are wrong by definition, and not worth hashing. */
export const MAX_SECRET_BYTES = 1024;

/** A client that proved who it is, as seen at the look that proved it. */
export interface AuthenticatedClient {
  readonly client: Client;
  readonly ringVersion: RingVersion;
}

export type AuthenticateClient = (
  clientId: string,
  secret: string,
  call: Call,
) => Promise<AuthenticatedClient>;

/**
 * Checks a client's own secret (RFC 6749 section 2.3.1).
 *
 * Unknown, deleted, revoked, and known with a wrong or expired secret are refused with the same words after the same
 * work: one look at the store and one HMAC. No slow hash: generated secrets have 256 bits, so guessing is hopeless
 * with a fast one, and a slow one would let anybody exhaust this server. Only then are failures counted; after too many
 * the refusal is `slow_down`. A right secret gets through whatever else fails beside it.
 */
export function makeAuthenticateClient(ports: {
  clients: ClientStore;
  hasher: SecretHasher;
  throttle: FailureThrottle;
  clock: Clock;
}): AuthenticateClient {
  const { clients, hasher, throttle, clock } = ports;

  return async (clientId, secret, call) => {
    const sighting = isClientId(clientId) ? await clients.look(clientId) : undefined;
    const client = sighting?.client;
    const presented = secret.length <= MAX_SECRET_BYTES ? secret : '';
    const match = hasher.find(presented, client?.secrets ?? []);
    const now = clock.now();
    const isGood = match !== undefined && isLive(match, now) && client?.mark === undefined;
    if (sighting === undefined || client === undefined || !isGood) {
      throw await refusalOf(throttle, { clientId, sourceAddress: call.sourceAddress }, invalidClient());
    }
    call.facts.clientId = client.clientId;
    clients.touchSecret(client.clientId, match.secretId, now);
    return { client, ringVersion: sighting.ringVersion };
  };
}
