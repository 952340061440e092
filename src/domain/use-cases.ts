import { type Admit, makeAdmit } from './admit.js';
import { type AuthenticateClient, makeAuthenticateClient } from './authenticate-client.js';
import type { GuardedUseCase, UseCase } from './call.js';
import { makeCreateClient } from './create-client.js';
import { makeDeleteClient } from './delete-client.js';
import { makeExamineToken, makeIsAlive } from './examine-token.js';
import type { FailureThrottle } from './failure-throttle.js';
import { makeIntrospectToken } from './introspect-token.js';
import { type IssueQuota, NO_QUOTA } from './issue-quota.js';
import { makeIssueToken, type TokenLife } from './issue-token.js';
import type { KeyPolicy } from './key-life.js';
import { makeListAuditEvents } from './list-audit-events.js';
import { makeListSigningKeys } from './list-signing-keys.js';
import { makeListVerificationKeys } from './list-verification-keys.js';
import { makeMintSecret } from './mint-secret.js';
import type { GuardedRpc } from './permission.js';
import type {
  AuditTrail,
  ClientStore,
  Clock,
  Ids,
  KeyRing,
  RevocationLedger,
  SecretGenerator,
  SecretHasher,
  SigningKeys,
  TokenCodec,
} from './ports.js';
import { makeGetClient, makeListClients } from './read-client.js';
import { makeRevokeClient } from './revoke-client.js';
import { makeRevokeSigningKey } from './revoke-signing-key.js';
import { makeRevokeToken } from './revoke-token.js';
import { makeRotateClientSecret } from './rotate-client-secret.js';
import { makeRotateSigningKey } from './rotate-signing-key.js';
import { makeUpdateClient } from './update-client.js';
import { makeWatchAuditEvents } from './watch-audit-events.js';

export interface DomainPorts {
  readonly clients: ClientStore;
  readonly ledger: RevocationLedger;
  readonly audit: AuditTrail;
  readonly codec: TokenCodec;
  readonly keys: KeyRing & SigningKeys;
  readonly hasher: SecretHasher;
  readonly generator: SecretGenerator;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly throttle: FailureThrottle;
  /** Undefined: none. */
  readonly quota?: IssueQuota;
}

export interface DomainSettings {
  /** Byte for byte as in every token. */
  readonly issuer: string;
  readonly life: TokenLife;
  readonly refreshAfterSeconds: number;
  readonly keyPolicy: KeyPolicy;
}

/**
 * Every RPC as a function that both doors call, so that they give one answer by construction. A guarded one is
 * wrapped here, by the name under which `RPC_RULES` has its rule: there is no other way to it.
 */
export type UseCases = ReturnType<typeof makeUseCases>;

export function makeUseCases(ports: DomainPorts, settings: DomainSettings) {
  const { issuer, life, refreshAfterSeconds, keyPolicy } = settings;
  const maxTokenLifeSeconds = life.maxSeconds;

  const authenticateClient: AuthenticateClient = makeAuthenticateClient(ports);
  const isAlive = makeIsAlive(ports);
  const examineToken = makeExamineToken({ ...ports, isAlive });
  const admit = makeAdmit({ ...ports, authenticateClient, isAlive, issuer });
  const mintSecret = makeMintSecret(ports);

  const { introspectToken, batchIntrospectTokens } = makeIntrospectToken({ admit, examineToken });
  const { revokeToken, revokeTokenById } = makeRevokeToken({ ...ports, maxTokenLifeSeconds });
  const ending = makeRevokeClient(ports);
  const keyPorts = { signingKeys: ports.keys, keyPolicy };

  return {
    issueToken: makeIssueToken({ quota: NO_QUOTA, ...ports, authenticateClient, issuer, life }),
    listVerificationKeys: makeListVerificationKeys({ ...ports, refreshAfterSeconds }),

    /** Asks for admission itself, so that both questions can share a round trip. */
    introspectToken,
    batchIntrospectTokens: guarded(admit, 'BatchIntrospectTokens', batchIntrospectTokens),
    revokeToken: guarded(admit, 'RevokeToken', revokeToken),
    revokeTokenById: guarded(admit, 'RevokeTokenById', revokeTokenById),

    createClient: guarded(
      admit,
      'CreateClient',
      makeCreateClient({ ...ports, mintSecret, maxTokenLifeSeconds }),
    ),
    getClient: guarded(admit, 'GetClient', makeGetClient(ports)),
    listClients: guarded(admit, 'ListClients', makeListClients(ports)),
    updateClient: guarded(admit, 'UpdateClient', makeUpdateClient({ ...ports, maxTokenLifeSeconds })),
    deleteClient: guarded(admit, 'DeleteClient', makeDeleteClient(ports)),
    rotateClientSecret: guarded(
      admit,
      'RotateClientSecret',
      makeRotateClientSecret({ ...ports, mintSecret }),
    ),
    revokeClient: guarded(admit, 'RevokeClient', ending.revokeClient),
    reinstateClient: guarded(admit, 'ReinstateClient', ending.reinstateClient),
    revokeClientTokens: guarded(admit, 'RevokeClientTokens', ending.revokeClientTokens),
    revokeClientSecret: guarded(admit, 'RevokeClientSecret', ending.revokeClientSecret),

    listSigningKeys: guarded(admit, 'ListSigningKeys', makeListSigningKeys(keyPorts)),
    rotateSigningKey: guarded(admit, 'RotateSigningKey', makeRotateSigningKey(keyPorts)),
    revokeSigningKey: guarded(admit, 'RevokeSigningKey', makeRevokeSigningKey(keyPorts)),

    listAuditEvents: guarded(admit, 'ListAuditEvents', makeListAuditEvents(ports)),
    /** Behind {@link admit}, which its door asks: a stream outlives the answer. */
    watchAuditEvents: makeWatchAuditEvents(ports),

    /** For what is not a use-case of its own, such as a stream: who calls, if they may. */
    admit,
  };
}

function guarded<Request, Response>(
  admit: Admit,
  rpc: GuardedRpc,
  useCase: GuardedUseCase<Request, Response>,
): UseCase<Request, Response> {
  return async (request, call) => useCase(request, await admit(rpc, call), call);
}
