import { Metadata } from '@grpc/grpc-js';
import { basicAuthorization, type ClientCredential, secretReader } from './client-secret.js';
import type { TokenSource } from './token-source.js';

/** Who a verifier is to the service: a client's credential, or a source of tokens whose audience is the issuer. */
export type VerifierCredential = ClientCredential | Pick<TokenSource, 'token' | 'invalidate'>;

/** Makes the metadata that says who calls. */
export interface Authorizer {
  /** Rejects with `CountersignError`. */
  metadata(): Promise<Metadata>;
  /** Says that the service refused it. */
  refused(metadata: Metadata): void;
}

/**
 * A client's credential goes as `Basic` with each call, so that a client which is `introspection_only`, and so gets no
 * tokens, can be a verifier; its file is read each time, so that a rotation takes effect at once.
 */
export function makeAuthorizer(credential: VerifierCredential): Authorizer {
  if ('token' in credential) {
    return {
      metadata: async () => authorization(`Bearer ${await credential.token()}`),
      refused: (metadata) => {
        const [value] = metadata.get('authorization');
        if (typeof value === 'string') credential.invalidate(value.replace('Bearer ', ''));
      },
    };
  }
  const readSecret = secretReader(credential);
  return {
    metadata: async () => authorization(basicAuthorization(credential.clientId, await readSecret())),
    refused() {},
  };
}

function authorization(value: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', value);
  return metadata;
}
