import { readFileSync } from 'node:fs';
import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  connectivityState,
  credentials,
  logVerbosity,
  Metadata,
  type StatusObject,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import { basicAuthorization } from '../sdk/client-secret.js';
import { CountersignError, ERROR_CODE_KEY, errorFromService } from '../sdk/errors.js';
import type { Connection, TlsFiles } from './connection.js';
import { type CliFailure, failureFromService, fileFailure, settingsFailure } from './failure.js';
import type { Host } from './host.js';
import { readSecret } from './secret-input.js';

/** One RPC of the generated services. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** The service as the command calls it: one connection, one credential, a deadline for each call. */
export class Service {
  readonly #client: Client;
  readonly #connection: Connection;
  readonly #authorization: string;

  private constructor(client: Client, connection: Connection, authorization: string) {
    this.#client = client;
    this.#connection = connection;
    this.#authorization = authorization;
  }

  /** Reads the credential and gets ready to call; connects at the first call. */
  static async open(host: Host, connection: Connection): Promise<Service> {
    // grpc-js's own log would put lines of its own on stderr, and metadata that it cannot send into them.
    setLogVerbosity(logVerbosity.NONE);
    const authorization = await authorizationFor(host, connection);
    const { address, tls } = connection;
    const channel = tls === undefined ? credentials.createInsecure() : tlsCredentials(tls);
    const client = new Client(address, channel, {
      'grpc.max_receive_message_length': 4 * 1024 * 1024,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
      ...(tls?.serverName === undefined
        ? {}
        : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }),
    });
    return new Service(client, connection, authorization);
  }

  /** The answer to one call. Fails as {@link CliFailure} with the service's code. */
  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    hint?: string,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#metadata(),
        { deadline: Date.now() + this.#connection.timeoutMs },
        (err, response) => {
          if (err !== null) reject(this.failure(err, hint));
          else if (response === undefined) reject(new CountersignError('internal', 'The answer was empty.'));
          else resolve(response);
        },
      );
    });
  }

  /** A stream of answers; its end is a bare status, for {@link failure} to put into words. */
  stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): ClientReadableStream<Response> {
    return this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      this.#metadata(),
    );
  }

  /** A failed call as the command's end. */
  failure(end: StatusObject, hint?: string): CliFailure {
    const told = errorFromService(Object.assign(new Error(end.details), end));
    const retold = (message: string, advice?: string): CliFailure =>
      failureFromService(new CountersignError(told.code, message, { cause: told.cause }), advice ?? hint);
    const { address, tls, timeoutMs } = this.#connection;

    if (end.metadata.get(ERROR_CODE_KEY).length > 0) return failureFromService(told, hint);
    switch (end.code) {
      case status.DEADLINE_EXCEEDED:
      case status.CANCELLED:
        return retold(`${address} gave no answer within ${timeoutMs / 1000} s.`);
      case status.UNAVAILABLE: {
        const served = tls ? 'with TLS, by a certificate that --ca-file covers' : 'without TLS';
        return retold(
          `${address} cannot be reached: ${reasonOf(end.details)}.`,
          `is it served there, ${served}? See --address`,
        );
      }
      case status.UNIMPLEMENTED:
        return retold(`${address} does not have this call.`, 'is it the gRPC address of a Countersign?');
      default:
        return failureFromService(told, hint);
    }
  }

  /** The longest that a call may take, in milliseconds. */
  get timeoutMs(): number {
    return this.#connection.timeoutMs;
  }

  /** Whether a connection is up. */
  isConnected(): boolean {
    return this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  close(): void {
    this.#client.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set('authorization', this.#authorization);
    return metadata;
  }
}

async function authorizationFor(host: Host, { caller }: Connection): Promise<string> {
  if (caller === undefined) {
    throw settingsFailure(
      'No credential is given.',
      'set COUNTERSIGN_CLIENT_ID and COUNTERSIGN_CLIENT_SECRET_FILE, or use a profile',
    );
  }
  const [what, place] =
    caller.kind === 'bearer'
      ? (['access token', caller.token] as const)
      : (['client secret', caller.secret] as const);
  const secret = await readSecret(host, place, what);
  // A header cannot carry anything else, and gRPC would fail with the secret in its message.
  if (!/^[\x21-\x7e]+$/.test(secret)) throw settingsFailure(`The ${what} holds characters that none has.`);
  return caller.kind === 'bearer' ? `Bearer ${secret}` : basicAuthorization(caller.clientId, secret);
}

function tlsCredentials({ caFile, certFile, keyFile }: TlsFiles): ChannelCredentials {
  const pem = (file: string | undefined): Buffer | null => {
    if (file === undefined) return null;
    try {
      return readFileSync(file);
    } catch (err) {
      throw fileFailure(`The TLS file ${file} cannot be read.`, 'check its path and your rights', err);
    }
  };
  const [ca, key, cert] = [pem(caFile), pem(keyFile), pem(certFile)];
  try {
    return credentials.createSsl(ca, key, cert);
  } catch {
    throw settingsFailure(
      'The TLS files are no PEM certificates and key that fit.',
      'check --ca-file, --cert-file, --key-file',
    );
  }
}

/** What kept the connection from being made, without the transport's own wrapping. */
function reasonOf(details: string): string {
  const last = /Last error: (.*?)(?:\. Resolution note:.*)?$/s.exec(details)?.[1] ?? details;
  return last
    .replace(/\s+/g, ' ')
    .replace(/^Error: /, '')
    .replace(/\.$/, '');
}
