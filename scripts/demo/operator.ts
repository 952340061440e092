import { credentials, Metadata } from '@grpc/grpc-js';
import { Client, ClientServiceClient } from '../../src/wire/gen/countersign/v1/client_service.js';
import { ADMIN_AUTH } from '../stage.js';

/** What an operator does here: registers clients and revokes them. */
export interface Operator {
  /** Answers the secret. */
  register(client: Parameters<typeof Client.fromPartial>[0]): Promise<string>;
  revoke(clientId: string): Promise<void>;
  close(): void;
}

export function makeOperator(address: string): Operator {
  const stub = new ClientServiceClient(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', ADMIN_AUTH);
  return {
    register: (client) =>
      new Promise((resolve, reject) => {
        const request = { client: Client.fromPartial(client), importedSecret: '', requestId: '' };
        stub.createClient(request, metadata, (err, made) => (err ? reject(err) : resolve(made.clientSecret)));
      }),
    revoke: (clientId) =>
      new Promise((resolve, reject) => {
        stub.revokeClient({ clientId, reason: 'demo' }, metadata, (err) => (err ? reject(err) : resolve()));
      }),
    close: () => stub.close(),
  };
}
