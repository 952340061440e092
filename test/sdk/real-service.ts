import { randomBytes } from 'node:crypto';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type RunningApp, startApp } from '../../src/app.js';
import { loadConfig } from '../../src/config/load-config.js';
import { makeLogger } from '../../src/log.js';
import { basicAuthorization } from '../../src/sdk/client-secret.js';
import { Client, ClientServiceClient } from '../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceClient } from '../../src/wire/gen/countersign/v1/key_service.js';
import { TokenServiceClient } from '../../src/wire/gen/countersign/v1/token_service.js';
import { WORKERS } from '../support/workers.js';

const ADMIN = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };
type Reply<T> = (err: ServiceError | null, value: T) => void;

/** The whole service in this process, with its administrator's hands. */
export interface RealService {
  readonly app: RunningApp;
  readonly address: string;
  readonly tokenEndpoint: string;
  readonly issuer: string;
  /** Registers a client; answers its secret. */
  createClient(client: Partial<Client>): Promise<string>;
  revokeClient(clientId: string): Promise<void>;
  reinstateClient(clientId: string): Promise<void>;
  revokeToken(clientId: string, tokenId: string): Promise<void>;
  /** Revokes the key that signs now. */
  revokeSigningKey(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it on free ports; on the embedded store unless the settings say otherwise. */
export async function startRealService(settings: Record<string, string> = {}): Promise<RealService> {
  const env = {
    COUNTERSIGN_MASTER_KEY: `k4.local.${randomBytes(32).toString('base64url')}`,
    COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
    COUNTERSIGN_HTTP_LISTEN: '127.0.0.1:0',
    COUNTERSIGN_OPS_LISTEN: 'off',
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMIN.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN.secret,
    ...settings,
  };
  const readFile = () => {
    throw new Error('There are no files.');
  };
  const log = makeLogger('silent', { write: () => undefined, flush: () => undefined });
  const app = await startApp(loadConfig(env, { readFile, cores: 1 }), { log, workers: WORKERS });
  const address = `127.0.0.1:${app.ports.grpc}`;
  const channel = [address, credentials.createInsecure()] as const;
  const clients = new ClientServiceClient(...channel);
  const tokens = new TokenServiceClient(...channel);
  const keys = new KeyServiceClient(...channel);
  const metadata = new Metadata();
  metadata.set('authorization', basicAuthorization(ADMIN.id, ADMIN.secret));
  const done = <T>(call: (reply: Reply<T>) => void): Promise<T> =>
    new Promise((resolve, reject) => call((err, value) => (err ? reject(err) : resolve(value))));

  return {
    app,
    address,
    tokenEndpoint: `http://127.0.0.1:${app.ports.http}/oauth/token`,
    issuer: app.issuer,
    createClient: async (client) => {
      const request = { client: Client.fromPartial(client), importedSecret: '', requestId: '' };
      const made = await done<{ clientSecret: string }>((reply) =>
        clients.createClient(request, metadata, reply),
      );
      return made.clientSecret;
    },
    revokeClient: async (clientId) => {
      await done((reply) => clients.revokeClient({ clientId, reason: '' }, metadata, reply));
    },
    reinstateClient: async (clientId) => {
      await done((reply) => clients.reinstateClient({ clientId }, metadata, reply));
    },
    revokeToken: async (clientId, tokenId) => {
      await done((reply) => tokens.revokeTokenById({ clientId, tokenId }, metadata, reply));
    },
    revokeSigningKey: async () => {
      const { keys: signing } = await done<{ keys: { keyId: string; state: number }[] }>((reply) =>
        keys.listSigningKeys({}, metadata, reply),
      );
      const active = signing.find(({ state }) => state === 2);
      await done((reply) =>
        keys.revokeSigningKey({ keyId: active?.keyId ?? '', reason: '' }, metadata, reply),
      );
    },
    stop: async () => {
      for (const client of [clients, tokens, keys]) client.close();
      await app.stop();
    },
  };
}
