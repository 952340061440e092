import { Metadata } from '@grpc/grpc-js';
import {
  Client,
  type ClientServiceClient,
  CreateClientRequest,
  type CreateClientResponse,
  RevokeClientRequest,
  RotateClientSecretRequest,
} from '../../src/wire/gen/countersign/v1/client_service.js';
import { eventually } from '../../test/support/eventually.js';
import type { Abilities, Credentials, Role, Target } from './target.js';

const SCOPE = 'orders:read';
const SECOND_SCOPE = 'orders:write';
const AUDIENCE = 'https://orders.example';
const SECOND_AUDIENCE = 'https://invoices.example/v1';
/** All that a form or a header could trip over; 42 characters. */
const SPECIAL_SECRET = 'a%41:b+c&d=e/f?g#h@i;j,k!l~m^n(o)p[q]{r}|s';

const ordinary: Partial<Client> = {
  allowedScopes: [SCOPE, SECOND_SCOPE],
  defaultScopes: [SCOPE],
  allowedAudiences: [AUDIENCE, SECOND_AUDIENCE],
  defaultAudience: AUDIENCE,
};
const introspecting: Partial<Client> = {
  introspectionOnly: true,
  allowedScopes: ['countersign:introspect'],
};

/** The clients that the parts ask for. */
const partsFor = (issuer: string): Readonly<Record<Role, Partial<Client>>> => ({
  client: ordinary,
  other: ordinary,
  introspector: { ...introspecting, servesAudiences: ['*'] },
  stranger: { ...introspecting, servesAudiences: ['https://elsewhere.example'] },
  introspectionOnly: introspecting,
  bearerIntrospector: {
    allowedScopes: [SCOPE, 'countersign:introspect'],
    defaultScopes: [SCOPE],
    allowedAudiences: [AUDIENCE, issuer],
    defaultAudience: AUDIENCE,
    servesAudiences: ['*'],
  },
  revoker: { allowedScopes: ['countersign:clients:revoke'], allowedAudiences: [AUDIENCE] },
  revoked: ordinary,
  expired: ordinary,
  special: ordinary,
  noDefaultScope: { ...ordinary, defaultScopes: [] },
  scopeless: { allowedAudiences: [AUDIENCE] },
  twoAudiences: { ...ordinary, defaultAudience: '' },
  shortLived: { ...ordinary, tokenTtlSeconds: 1 },
  victim: ordinary,
});

/** A Countersign under test: its clients are made over gRPC by an administrator, as an operator would. */
export async function castTarget(server: {
  /** Where HTTP listens, `http://host:port`. */
  readonly origin: string;
  readonly issuer: string;
  readonly administration: ClientServiceClient;
  readonly administrator: Credentials;
  readonly abilities: Abilities & Required<Pick<Abilities, 'wait'>>;
}): Promise<Target> {
  const { origin, issuer, administration, administrator, abilities } = server;
  const metadata = new Metadata();
  const { id, secret } = administrator;
  metadata.set('authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`);
  const create = (request: CreateClientRequest) =>
    new Promise<CreateClientResponse>((resolve, reject) => {
      administration.createClient(request, metadata, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  const revoke = (request: RevokeClientRequest) =>
    new Promise<void>((resolve, reject) => {
      administration.revokeClient(request, metadata, (error) => (error ? reject(error) : resolve()));
    });
  const rotate = (request: RotateClientSecretRequest) =>
    new Promise<void>((resolve, reject) => {
      administration.rotateClientSecret(request, metadata, (error) => (error ? reject(error) : resolve()));
    });

  const clients: Partial<Record<Role, Credentials>> = {};
  for (const [role, settings] of Object.entries(partsFor(issuer)) as [Role, Partial<Client>][]) {
    const importedSecret = role === 'special' ? SPECIAL_SECRET : '';
    const client = Client.fromPartial({ clientId: role, ...settings });
    const request = CreateClientRequest.fromPartial({ client, importedSecret, requestId: role });
    // Safe to repeat: a request_id makes it the same act.
    const made = await eventually(() => create(request));
    clients[role] = { id: role, secret: made.clientSecret || importedSecret };
  }
  await revoke(RevokeClientRequest.fromPartial({ clientId: 'revoked', reason: 'a test' }));
  await rotate(RotateClientSecretRequest.fromPartial({ clientId: 'expired', overlapSeconds: 1 }));
  await abilities.wait(2);

  return {
    issuer,
    endpoints: {
      token: `${origin}/oauth/token`,
      introspection: `${origin}/oauth/introspect`,
      revocation: `${origin}/oauth/revoke`,
      metadata: `${origin}/.well-known/oauth-authorization-server`,
      keys: `${origin}/.well-known/paseto-keys`,
    },
    clients,
    scope: SCOPE,
    secondScope: SECOND_SCOPE,
    audience: AUDIENCE,
    secondAudience: SECOND_AUDIENCE,
    abilities,
    strict: true,
    insecure: false,
  };
}
