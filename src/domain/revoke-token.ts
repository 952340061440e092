import { auditOf } from './audit.js';
import type { GuardedUseCase } from './call.js';
import { AuthError, invalidRequest } from './errors.js';
import { clientIdFrom, tokenIdFrom } from './ids.js';
import { holds } from './permission.js';
import type { Clock, RevocationLedger, TokenCodec } from './ports.js';
import { CLOCK_TOLERANCE_SECONDS, forgetAtSeconds } from './token.js';

export type RevokeToken = GuardedUseCase<{ readonly token: string }, void>;
export type RevokeTokenById = GuardedUseCase<{ readonly clientId: string; readonly tokenId: string }, void>;

/**
 * Ends one token (RFC 7009). What is no token of ours, or is past its time, is dead already: success, and nothing is
 * written. A living token of another client needs `countersign:clients:revoke`, else `insufficient_scope`.
 */
export function makeRevokeToken(ports: {
  codec: TokenCodec;
  ledger: RevocationLedger;
  clock: Clock;
  maxTokenLifeSeconds: number;
}): { revokeToken: RevokeToken; revokeTokenById: RevokeTokenById } {
  const { codec, ledger, clock, maxTokenLifeSeconds } = ports;

  return {
    revokeToken: async ({ token }, caller, call) => {
      if (token === '') throw invalidRequest('token is missing');
      const authentic = await codec.open(token);
      if (authentic === undefined) return;
      const { clientId, tokenId, expiresAtSeconds } = authentic.claims;
      if (clock.now() / 1000 >= expiresAtSeconds + CLOCK_TOLERANCE_SECONDS) return;
      const own = clientId === caller.clientId;
      if (!own && !holds(caller.scopes, 'countersign:clients:revoke')) {
        throw new AuthError('insufficient_scope', 'The token belongs to another client.');
      }
      call.facts.tokenId = tokenId;
      // A client that ends its own tokens is no administrator: it must not be able to wash the trail away.
      const audit = own
        ? undefined
        : auditOf('RevokeToken', caller, call, tokenId, { after: { client_id: clientId } });
      await ledger.revokeToken(tokenId, forgetAtSeconds(expiresAtSeconds), audit);
    },

    revokeTokenById: async (request, caller, call) => {
      const clientId = clientIdFrom(request.clientId);
      const tokenId = tokenIdFrom(request.tokenId);
      call.facts.tokenId = tokenId;
      // When it expires is not known, so it is held as long as any token may live.
      const latestExpiry = Math.ceil(clock.now() / 1000) + maxTokenLifeSeconds + CLOCK_TOLERANCE_SECONDS;
      const audit = auditOf('RevokeTokenById', caller, call, tokenId, { after: { client_id: clientId } });
      await ledger.revokeToken(tokenId, forgetAtSeconds(latestExpiry), audit);
    },
  };
}
