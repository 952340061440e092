import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { secretGenerator } from '../../src/adapters/secrets/secret-generator.js';
import {
  Client,
  ClientServiceClient,
  CreateClientRequest,
  type CreateClientResponse,
} from '../../src/wire/gen/countersign/v1/client_service.js';
import { ADMIN_AUTH } from '../stage.js';
import type { Credential } from './doors.js';

/** Everything that is refused as `invalid_client`; each is compared with the first. */
export const KINDS = ['unknown', 'wrong', 'revoked', 'deleted', 'ended'] as const;
export type Kind = (typeof KINDS)[number];

export const DESCRIPTIONS: Readonly<Record<Kind, string>> = {
  unknown: 'a client that never was',
  wrong: 'a client that is there, a wrong secret',
  revoked: 'a revoked client, its right secret',
  deleted: 'a deleted client, its last secret',
  ended: 'a client that is there, a secret that a rotation ended',
};

export type Subjects = Readonly<Record<Kind, readonly Credential[]>>;

/** Of equal length, so that none is told by that. */
export const freshId = (): string => `probe-${randomBytes(6).toString('hex')}`;

/** Registers clients of every kind, so many of each. */
export async function registerSubjects(grpc: string, count: number): Promise<Subjects> {
  const admin = new Administration(grpc);
  const each = async (make: () => Promise<Credential>): Promise<readonly Credential[]> => {
    const made: Credential[] = [];
    while (made.length < count) made.push(await make());
    return made;
  };
  try {
    return {
      unknown: await each(async () => ({ clientId: freshId(), secret: secretGenerator.generate() })),
      wrong: await each(async () => ({ ...(await admin.create()), secret: secretGenerator.generate() })),
      revoked: await each(() => admin.revoked()),
      deleted: await each(() => admin.deleted()),
      ended: await each(() => admin.rotated()),
    };
  } finally {
    admin.close();
  }
}

class Administration {
  readonly #stub: ClientServiceClient;
  readonly #metadata = new Metadata();

  constructor(grpc: string) {
    this.#stub = new ClientServiceClient(grpc, credentials.createInsecure());
    this.#metadata.set('authorization', ADMIN_AUTH);
  }

  async create(): Promise<Credential> {
    const clientId = freshId();
    const client = Client.fromPartial({
      clientId,
      allowedScopes: ['show:read'],
      defaultScopes: ['show:read'],
      allowedAudiences: ['https://show.example'],
    });
    const { clientSecret } = await this.#call<CreateClientResponse>((done) =>
      this.#stub.createClient(CreateClientRequest.fromPartial({ client }), this.#metadata, done),
    );
    return { clientId, secret: clientSecret };
  }

  async revoked(): Promise<Credential> {
    const made = await this.create();
    const request = { clientId: made.clientId, reason: 'to be asked about' };
    await this.#call((done) => this.#stub.revokeClient(request, this.#metadata, done));
    return made;
  }

  async deleted(): Promise<Credential> {
    const made = await this.create();
    const request = { clientId: made.clientId, etag: '' };
    await this.#call((done) => this.#stub.deleteClient(request, this.#metadata, done));
    return made;
  }

  async rotated(): Promise<Credential> {
    const made = await this.create();
    const request = {
      clientId: made.clientId,
      overlapSeconds: 0,
      revokeTokens: false,
      requestId: '',
      importedSecret: '',
    };
    await this.#call((done) => this.#stub.rotateClientSecret(request, this.#metadata, done));
    return made;
  }

  close(): void {
    this.#stub.close();
  }

  readonly #call = <T>(call: (done: (err: ServiceError | null, value: T) => void) => unknown): Promise<T> =>
    promisify<T>((done) => void call(done))();
}
