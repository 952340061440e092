import { auditOf, describeClient } from './audit.js';
import type { GuardedUseCase } from './call.js';
import type { ClientRecord } from './client.js';
import type { ClientWithSecret } from './create-client.js';
import { invalidRequest } from './errors.js';
import { type MintSecret, madeByOf, replaceSecretOfAct, rotateSecrets } from './mint-secret.js';
import { requireAuthorityOver } from './permission.js';
import type { ClientStore, Clock } from './ports.js';
import { existingClient } from './read-client.js';

const MAX_OVERLAP_SECONDS = 30 * 24 * 3600;

export interface RotateClientSecretRequest {
  readonly clientId: string;
  /** 0 ends the old ones at once. */
  readonly overlapSeconds: number;
  readonly revokeTokens: boolean;
  /** Empty: a repeat is another act. */
  readonly requestId: string;
  /** Empty: generated. */
  readonly importedSecret: string;
}

export type RotateClientSecret = GuardedUseCase<RotateClientSecretRequest, ClientWithSecret>;

/**
 * Makes a client a new secret. One conditional write: of two rotations at once one fails with `conflict`, so that
 * neither operator holds a secret that the other has silently ended. A repeat of the same act answers a fresh secret
 * in the place of the one made before.
 */
export function makeRotateClientSecret(ports: {
  clients: ClientStore;
  mintSecret: MintSecret;
  clock: Clock;
}): RotateClientSecret {
  const { clients, mintSecret, clock } = ports;

  return async (request, caller, call) => {
    const { overlapSeconds } = request;
    if (!Number.isSafeInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > MAX_OVERLAP_SECONDS) {
      throw invalidRequest(`overlap_seconds must be 0 to ${MAX_OVERLAP_SECONDS}`);
    }
    const madeBy = madeByOf('rotate', request.requestId);
    const { client } = await existingClient(clients, request.clientId);
    requireAuthorityOver(caller.scopes, client.allowedScopes);

    const now = clock.now();
    const secret = mintSecret({ importedSecret: request.importedSecret, madeBy }, now);
    const isRepeat = madeBy !== undefined && client.secrets.some((known) => known.madeBy === madeBy);
    const record: ClientRecord = {
      ...client,
      secrets: isRepeat
        ? replaceSecretOfAct(client.secrets, secret.stored)
        : rotateSecrets(client.secrets, secret.stored, overlapSeconds, now),
      updateTimeMs: now,
      version: client.version + 1,
    };
    const audit = auditOf('RotateClientSecret', caller, call, client.clientId, {
      before: describeClient(client),
      after: describeClient({ ...record, mark: client.mark }),
    });
    const generation = await clients.replace(
      record,
      client,
      { raiseGeneration: request.revokeTokens },
      audit,
    );
    return { client: { ...record, generation, mark: client.mark }, secret };
  };
}
