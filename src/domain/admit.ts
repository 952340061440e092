import type { AuthenticateClient } from './authenticate-client.js';
import type { Call, Caller } from './call.js';
import type { Client } from './client.js';
import { AuthError, invalidClient } from './errors.js';
import type { IsAlive } from './examine-token.js';
import { type FailureThrottle, refusalOf } from './failure-throttle.js';
import { holds, requirePermission } from './permission.js';
import type { ClientStore, TokenCodec } from './ports.js';

/** Answers who calls, once they are proven and allowed to call this RPC. */
export type Admit = (rpc: string, call: Call) => Promise<Caller>;

/**
 * Lets a caller through to a guarded RPC. Fails with `invalid_client`, `invalid_token`, `insufficient_scope` or
 * `slow_down`.
 *
 * A bearer counts only for the audience of this very service, the issuer, which no client has by default: so a token
 * that a client sent to another service cannot be replayed here by whoever received it. Its scopes count only as far
 * as the client may still have them. Forged ones are counted against the address they come from (RFC 7662 section 4);
 * what an authenticated caller asks about is not, since others can make a resource server ask about anything.
 */
export function makeAdmit(ports: {
  authenticateClient: AuthenticateClient;
  codec: TokenCodec;
  isAlive: IsAlive;
  clients: ClientStore;
  throttle: FailureThrottle;
  issuer: string;
}): Admit {
  const { authenticateClient, codec, isAlive, clients, throttle, issuer } = ports;

  async function byToken(token: string, call: Call): Promise<Caller> {
    const authentic = await codec.open(token);
    // Only a forgery is a guess. One that was ours once has merely run out, and its bearer has to learn that.
    if (authentic === undefined) {
      const { sourceAddress } = call;
      throw await refusalOf(throttle, { clientId: undefined, sourceAddress }, invalidToken());
    }
    const { clientId, scopes, audience, tokenId, expiresAtSeconds } = authentic.claims;
    if (audience !== issuer) throw invalidToken();
    // Asked together, they share one round trip.
    const [alive, { client }] = await Promise.all([isAlive(authentic), clients.look(clientId)]);
    if (!alive || client === undefined || client.mark !== undefined) throw invalidToken();
    call.facts.clientId = clientId;
    const mayComeHere = client.allowedAudiences.includes(issuer);
    return {
      clientId,
      scopes: mayComeHere ? scopes.filter((scope) => stillAllowed(client.allowedScopes, scope)) : [],
      servesAudiences: client.servesAudiences,
      bearer: { tokenId, expiresAtMs: expiresAtSeconds * 1000 },
    };
  }

  return async (rpc, call) => {
    const { credential } = call;
    if (credential.kind === 'none') throw invalidClient();
    const caller =
      credential.kind === 'secret'
        ? callerOf((await authenticateClient(credential.clientId, credential.secret, call)).client)
        : await byToken(credential.token, call);
    requirePermission(rpc, caller.scopes);
    return caller;
  };
}

/** A client that came with its own secret may do all that it is allowed. */
const callerOf = ({ clientId, allowedScopes, servesAudiences }: Client): Caller => ({
  clientId,
  scopes: allowedScopes,
  servesAudiences,
});

const stillAllowed = (allowedScopes: readonly string[], scope: string): boolean =>
  allowedScopes.includes(scope) || (scope.startsWith('countersign:') && holds(allowedScopes, scope));

const invalidToken = (): AuthError =>
  new AuthError('invalid_token', 'The access token is not accepted here.');
