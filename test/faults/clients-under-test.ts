import { randomUUID } from 'node:crypto';
import {
  type ClientOptions,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import {
  Client,
  ClientServiceClient,
  type CreateClientResponse,
} from '../../src/wire/gen/countersign/v1/client_service.js';
import {
  TokenServiceClient,
  type WatchRevocationsResponse,
} from '../../src/wire/gen/countersign/v1/token_service.js';
import type { Outcome } from './history.js';
import type { Witness } from './witness.js';

/** The longest that a call is waited for: long past the server's own cap of 1 s, so that a breach of it shows. */
export const DEADLINE_MS = 3000;

const REGISTER_ATTEMPTS = 5;
const REGISTER_PAUSE_MS = 500;

export const AUDIENCE = 'https://rs.faults.example';

/** A registered client, as a caller holds it. */
export interface Registered {
  readonly clientId: string;
  readonly secret: string;
}

/** gRPC stubs to one server, for callers that judge each answer and never throw. */
export class Stubs {
  readonly name: string;
  readonly tokens: TokenServiceClient;
  readonly clients: ClientServiceClient;
  readonly #admin: Metadata;
  readonly #witness: Witness | undefined;

  constructor(
    name: string,
    address: string,
    admin: { readonly id: string; readonly secret: string },
    witness?: Witness,
  ) {
    const options: ClientOptions = {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 300,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.use_local_subchannel_pool': 1,
    };
    this.name = name;
    this.#witness = witness;
    this.tokens = new TokenServiceClient(address, credentials.createInsecure(), options);
    this.clients = new ClientServiceClient(address, credentials.createInsecure(), options);
    this.#admin = new Metadata();
    const pair = Buffer.from(`${admin.id}:${admin.secret}`).toString('base64');
    this.#admin.set('authorization', `Basic ${pair}`);
  }

  async issue(
    { clientId, secret }: Registered,
    ttlSeconds = 600,
  ): Promise<{ outcome: Outcome; token?: string; tokenId?: string }> {
    const request = { clientId, clientSecret: secret, scopes: [], audience: '', ttlSeconds };
    const { outcome, value } = await this.#settle<{ accessToken: string; tokenId: string }>((done) =>
      this.tokens.issueToken(request, new Metadata(), deadline(), done),
    );
    if (value === undefined) return { outcome };
    this.#witness?.noteToken(value.accessToken);
    return { outcome, token: value.accessToken, tokenId: value.tokenId };
  }

  async introspect(token: string): Promise<{ outcome: Outcome }> {
    const { outcome, value } = await this.#settle<{ active: boolean }>((done) =>
      this.tokens.introspectToken({ token }, this.#admin, deadline(), done),
    );
    return value === undefined
      ? { outcome }
      : { outcome: { kind: 'ok', verdict: value.active ? 'active' : 'inactive' } };
  }

  /** The feed, from its beginning. */
  watch(): ClientReadableStream<WatchRevocationsResponse> {
    return this.tokens.watchRevocations({ cursor: '' }, this.#admin);
  }

  revokeToken(token: string): Promise<{ outcome: Outcome }> {
    return this.#settle((done) => this.tokens.revokeToken({ token }, this.#admin, deadline(), done));
  }

  revokeClient(clientId: string): Promise<{ outcome: Outcome }> {
    const request = { clientId, reason: 'fault run' };
    return this.#settle((done) => this.clients.revokeClient(request, this.#admin, deadline(), done));
  }

  revokeClientTokens(clientId: string): Promise<{ outcome: Outcome }> {
    const request = { clientId, reason: 'fault run' };
    return this.#settle((done) => this.clients.revokeClientTokens(request, this.#admin, deadline(), done));
  }

  reinstateClient(clientId: string): Promise<{ outcome: Outcome }> {
    return this.#settle((done) => this.clients.reinstateClient({ clientId }, this.#admin, deadline(), done));
  }

  /** Gives it another secret, beside which the old ones live on for so long. */
  async rotateSecret(
    { clientId }: Registered,
    overlapSeconds: number,
  ): Promise<{ outcome: Outcome; secret?: string }> {
    const request = { clientId, overlapSeconds, revokeTokens: false, importedSecret: '', requestId: '' };
    const { outcome, value } = await this.#settle<{ clientSecret: string }>((done) =>
      this.clients.rotateClientSecret(request, this.#admin, deadline(), done),
    );
    return value === undefined ? { outcome } : { outcome, secret: value.clientSecret };
  }

  deleteClient(clientId: string): Promise<{ outcome: Outcome }> {
    return this.#settle((done) =>
      this.clients.deleteClient({ clientId, etag: '' }, this.#admin, deadline(), done),
    );
  }

  /** Registers a client that may get tokens for {@link AUDIENCE}; rejects when it cannot. */
  async register(clientId: string): Promise<Registered> {
    const client = Client.fromPartial({
      clientId,
      allowedScopes: ['a'],
      defaultScopes: ['a'],
      allowedAudiences: [AUDIENCE],
    });
    const request = { client, importedSecret: '', requestId: randomUUID() };
    const create = () =>
      this.#settle<CreateClientResponse>((done) =>
        this.clients.createClient(request, this.#admin, deadline(), done),
      );
    let { outcome, value } = await create();
    // The same request once more finds what became of the first.
    for (let attempt = 2; outcome.kind === 'unknown' && attempt <= REGISTER_ATTEMPTS; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, REGISTER_PAUSE_MS));
      ({ outcome, value } = await create());
    }
    if (value === undefined) throw new Error(`could not register ${clientId}: ${JSON.stringify(outcome)}`);
    this.#witness?.note('client secret', value.clientSecret);
    return { clientId, secret: value.clientSecret };
  }

  /** Makes a call and shows what came of it, without what was asked for, to the witness. */
  #settle<T>(
    call: (done: (err: ServiceError | null, value: T) => void) => unknown,
  ): Promise<{ outcome: Outcome; value?: T }> {
    return new Promise((resolve) => {
      call((err, value) => {
        const said = err === null ? withoutSecrets(value) : { ...err.metadata?.getMap(), is: err.details };
        this.#witness?.hear(`answers of ${this.name}`, JSON.stringify(said));
        if (err === null) resolve({ outcome: { kind: 'ok' }, value });
        else resolve({ outcome: outcomeOf(err) });
      });
    });
  }

  close(): void {
    this.tokens.close();
    this.clients.close();
  }
}

export const stubsFor = (
  name: string,
  address: string,
  admin: { readonly id: string; readonly secret: string },
  witness?: Witness,
): Stubs => new Stubs(name, address, admin, witness);

/** An answer without what it is there to hand out. */
const withoutSecrets = (answer: unknown): unknown => ({
  ...(answer as object),
  accessToken: '',
  clientSecret: '',
});

const deadline = (): { deadline: number } => ({ deadline: Date.now() + DEADLINE_MS });

/** Codes that grpc-js itself gives when it does not know what became of a call. */
const UNKNOWN = new Set([status.DEADLINE_EXCEEDED, status.CANCELLED, status.UNKNOWN]);

function outcomeOf(err: ServiceError): Outcome {
  const [code] = err.metadata?.get('countersign-error') ?? [];
  // UNAVAILABLE says for reads that nothing is known; for writes that they may have happened. So does a lost connection.
  if (code === 'temporarily_unavailable') return { kind: 'unknown', why: 'temporarily_unavailable' };
  if (code !== undefined) return { kind: 'refused', code: String(code) };
  if (err.code === status.UNAVAILABLE || UNKNOWN.has(err.code)) {
    return { kind: 'unknown', why: status[err.code] ?? 'lost' };
  }
  return { kind: 'refused', code: status[err.code] ?? String(err.code) };
}
