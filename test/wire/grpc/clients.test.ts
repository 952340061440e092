import { fileURLToPath } from 'node:url';
import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect } from 'chai';
import {
  Client as ClientMessage,
  ClientServiceClient,
  type CreateClientResponse,
} from '../../../src/wire/gen/countersign/v1/client_service.js';
import {
  type IntrospectTokenResponse,
  IssueTokenRequest,
  type IssueTokenResponse,
  TokenServiceClient,
} from '../../../src/wire/gen/countersign/v1/token_service.js';
import { basic, type Door, openDoor } from './door.js';

const PROTO = fileURLToPath(new URL('../../../proto', import.meta.url));

type Callback<Response> = (error: ServiceError | null, response: Response) => void;
const answer = <Response>(call: (done: Callback<Response>) => unknown): Promise<Response> =>
  new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });

/** A method of a client that was made at run time, of a `.proto` that nobody compiled. */
type Dynamic = Client &
  Record<string, (request: object, metadata: Metadata, done: Callback<Record<string, unknown>>) => void>;

describe('clients of the gRPC door', () => {
  let door: Door;
  let admin: Metadata;
  before(async () => {
    door = await openDoor();
    admin = basic(door.service.admin);
  });
  after(() => door.close());

  it('by the generated stubs: register, issue, introspect', async () => {
    const clients = new ClientServiceClient(door.address, credentials.createInsecure());
    const tokens = new TokenServiceClient(door.address, credentials.createInsecure());
    try {
      const client = ClientMessage.create({ clientId: 'stubs', allowedAudiences: ['https://orders.test'] });
      const made = await answer<CreateClientResponse>((done) =>
        clients.createClient({ client, importedSecret: '', requestId: '' }, admin, done),
      );
      const issued = await answer<IssueTokenResponse>((done) =>
        tokens.issueToken(
          IssueTokenRequest.create({ clientId: 'stubs', clientSecret: made.clientSecret }),
          done,
        ),
      );
      const verdict = await answer<IntrospectTokenResponse>((done) =>
        tokens.introspectToken({ token: issued.accessToken }, admin, done),
      );
      expect(verdict).to.deep.include({ active: true, clientId: 'stubs', scopes: [] });
    } finally {
      clients.close();
      tokens.close();
    }
  });

  it('by the proto alone, sharing no code with us: register, issue, introspect, revoke, issue in vain', async () => {
    const loaded = loadPackageDefinition(
      loadSync(
        ['token_service', 'client_service'].map((name) => `countersign/v1/${name}.proto`),
        {
          includeDirs: [PROTO],
          keepCase: true,
          longs: String,
          enums: String,
          defaults: true,
        },
      ),
    ) as never as {
      countersign: { v1: Record<string, new (...args: ConstructorParameters<typeof Client>) => Dynamic> };
    };
    const open = (name: string): Dynamic => {
      const Service = loaded.countersign.v1[name]!;
      return new Service(door.address, credentials.createInsecure());
    };
    const [clients, tokens] = [open('ClientService'), open('TokenService')];
    const ask = (client: Dynamic, rpc: string, request: object, metadata = new Metadata()) =>
      answer<Record<string, unknown>>((done) => client[rpc]?.(request, metadata, done));
    try {
      const made = await ask(
        clients,
        'CreateClient',
        {
          client: {
            client_id: 'dynamic',
            allowed_scopes: ['orders:read'],
            allowed_audiences: ['https://orders.test'],
            ext: { fields: { team: { stringValue: 'a' } } },
            labels: { team: 'a' },
          },
        },
        admin,
      );
      expect(made).to.have.nested.property('client.status', 'CLIENT_STATUS_ACTIVE');
      const credential = { client_id: 'dynamic', client_secret: made.client_secret };
      const issued = await ask(tokens, 'IssueToken', {
        ...credential,
        scopes: ['orders:read'],
        ttl_seconds: '60',
      });
      expect(issued).to.deep.include({
        token_type: 'Bearer',
        expires_in_seconds: '60',
        scopes: ['orders:read'],
      });

      const introspect = () => ask(tokens, 'IntrospectToken', { token: issued.access_token }, admin);
      const verdict = await introspect();
      expect(verdict).to.deep.include({
        active: true,
        client_id: 'dynamic',
        audience: 'https://orders.test',
      });
      expect(verdict).to.have.nested.property('ext.fields.team.stringValue', 'a');
      expect(verdict).to.have.nested.property(
        'expires_at.seconds',
        (issued.expires_at as { seconds: string }).seconds,
      );

      await ask(clients, 'RevokeClient', { client_id: 'dynamic', reason: 'a test' }, admin);
      expect((await introspect()).active).to.equal(false);
      const refused = await ask(tokens, 'IssueToken', credential).catch((error: ServiceError) => error);
      expect((refused as ServiceError).metadata.get('countersign-error')).to.deep.equal(['invalid_client']);
    } finally {
      clients.close();
      tokens.close();
    }
  });
});
