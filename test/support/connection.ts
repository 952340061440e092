import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  Client as ClientMessage,
  ClientServiceService,
} from '../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceService, type SigningKey } from '../../src/wire/gen/countersign/v1/key_service.js';
import { IssueTokenRequest, TokenServiceService } from '../../src/wire/gen/countersign/v1/token_service.js';
import { noteSecret, noteToken } from './made-secrets.js';

/** Whom a call is from: a client's credential, sent as `Basic`. */
export interface Credential {
  readonly id: string;
  readonly secret: string;
}

interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

interface CallOptions {
  readonly deadlineMs?: number | undefined;
  /** In place of the connection's own. */
  readonly caller?: Credential;
}

/** One gRPC connection to a server on loopback, and the calls that tests make most, each as one caller. */
export class Connection {
  readonly #client: Client;
  readonly #caller: Credential | undefined;

  constructor(port: number, caller?: Credential) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
    });
    this.#caller = caller;
  }

  /** Rejects with the `ServiceError`. */
  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { deadlineMs = 5000, caller = this.#caller }: CallOptions = {},
  ): Promise<Response> {
    const metadata = new Metadata();
    if (caller !== undefined) metadata.set('authorization', basicOf(caller));
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadata,
        { deadline: Date.now() + deadlineMs },
        (err: ServiceError | null, response?: Response) =>
          err === null && response !== undefined ? resolve(response) : reject(err),
      );
    });
  }

  /** A token of a client's default scopes and audience. */
  async issue(caller: Credential, deadlineMs?: number): Promise<string> {
    const asked = IssueTokenRequest.fromPartial({});
    const { accessToken } = await this.call(TokenServiceService.issueToken, asked, { deadlineMs, caller });
    noteToken(accessToken);
    return accessToken;
  }

  async isActive(token: string, deadlineMs?: number): Promise<boolean> {
    return (await this.call(TokenServiceService.introspectToken, { token }, { deadlineMs })).active;
  }

  /** Registers a client; answers its credential. */
  async register(
    clientId: string,
    settings: Partial<ClientMessage>,
    importedSecret = '',
  ): Promise<Credential> {
    const client = ClientMessage.fromPartial({ clientId, ...settings });
    const asked = { client, importedSecret, requestId: '' };
    const { clientSecret } = await this.call(ClientServiceService.createClient, asked);
    const secret = clientSecret || importedSecret;
    noteSecret('client secret', secret);
    return { id: clientId, secret };
  }

  /** Newest first. */
  async signingKeys(): Promise<readonly SigningKey[]> {
    return (await this.call(KeyServiceService.listSigningKeys, {})).keys;
  }

  close(): void {
    this.#client.close();
  }
}

/** Settings of an ordinary client. */
export const stockReader = (audience: string): Partial<ClientMessage> => ({
  allowedScopes: ['stock:read'],
  defaultScopes: ['stock:read'],
  allowedAudiences: [audience],
});

export const basicOf = ({ id, secret }: Credential): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

/** The key that a token names in its footer. */
export function keyIdOf(token: string): string {
  const footer = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url').toString();
  return String((JSON.parse(footer) as { kid: unknown }).kid);
}

/** A token's claims, unchecked. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const payload = Buffer.from(token.split('.')[2] ?? '', 'base64url');
  return JSON.parse(payload.subarray(0, -64).toString()) as Record<string, unknown>;
}
