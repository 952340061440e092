import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientUnaryCall,
  credentials as grpcCredentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { TokenServiceClient } from '../wire/gen/countersign/v1/token_service.js';
import { isServiceError } from './errors.js';

/** Where the service is and how to reach it. */
export interface ServiceOptions {
  /** `host:port`, or any gRPC target; several are tried in turn. */
  readonly address: string | readonly string[];
  /**
   * Channel credentials. By default TLS with the system's authorities, and plaintext for loopback addresses alone:
   * behind a mesh that encrypts, say so with `credentials.createInsecure()`.
   */
  readonly credentials?: ChannelCredentials | undefined;
  /** Further channel options, such as keepalive; they win over our own. */
  readonly channelOptions?: ChannelOptions | undefined;
}

const CHANNEL_OPTIONS: ChannelOptions = {
  // grpc-js waits up to 120 s between connection attempts: too long for whatever decides who may call.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  // Connections of our own, so that closing a client ends them and a new one is a new connection.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': 1024 * 1024,
};

/** After so many calls in a row that ran into their deadline, a connection counts as dead though nobody closed it. */
const TIMEOUTS_BEFORE_REDIAL = 3;

/** One call of a generated client, without its callback. */
export type UnaryCall<Response> = (
  client: TokenServiceClient,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (err: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/**
 * The service's addresses, one at a time: a call that one address cannot serve goes on to the next, within the same
 * time limit. Connects at the first call.
 */
export class Endpoints {
  readonly #addresses: readonly string[];
  readonly #options: Omit<ServiceOptions, 'address'>;
  readonly #clients = new Map<string, { client: TokenServiceClient; timeouts: number }>();
  #current = 0;

  constructor(options: ServiceOptions) {
    this.#addresses = [options.address].flat();
    this.#options = options;
    if (this.#addresses.length === 0 || this.#addresses.includes('')) {
      throw new TypeError('address must name the service, as host:port.');
    }
  }

  get count(): number {
    return this.#addresses.length;
  }

  /** A client on a connection of its own, which the caller closes; `index` counts round and round the addresses. */
  dial(index: number): TokenServiceClient {
    const address = this.#addresses[index % this.#addresses.length] ?? '';
    const credentials = this.#options.credentials ?? defaultCredentials(address);
    return new TokenServiceClient(address, credentials, {
      ...CHANNEL_OPTIONS,
      ...this.#options.channelOptions,
    });
  }

  /**
   * The answer of the first address that gives one. Rejects with the `ServiceError` of the last address tried, or of
   * the first whose answer another address would repeat.
   */
  async call<Response>(
    call: UnaryCall<Response>,
    options: { metadata?: Metadata; timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<Response> {
    const endsAtMs = Date.now() + options.timeoutMs;
    for (let left = this.#addresses.length; ; left -= 1) {
      const index = this.#current;
      // Each address gets its share of the time that is left, so that one which hangs does not use up all of it.
      const deadline = Date.now() + Math.max(1, (endsAtMs - Date.now()) / left);
      try {
        return await this.#callOne(index, call, {
          deadline,
          metadata: options.metadata,
          signal: options.signal,
        });
      } catch (err) {
        if (!isWorthAnotherAddress(err)) throw err;
        if (this.#current === index) this.#current = (index + 1) % this.#addresses.length;
        if (left <= 1 || options.signal?.aborted) throw err;
      }
    }
  }

  /** Ends every connection; calls under way come to their own end. */
  close(): void {
    for (const { client } of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  async #callOne<Response>(
    index: number,
    call: UnaryCall<Response>,
    options: { deadline: number; metadata: Metadata | undefined; signal: AbortSignal | undefined },
  ): Promise<Response> {
    const address = this.#addresses[index] ?? '';
    const entry = this.#clients.get(address) ?? { client: this.dial(index), timeouts: 0 };
    this.#clients.set(address, entry);
    try {
      const response = await settle(entry.client, call, options);
      entry.timeouts = 0;
      return response;
    } catch (err) {
      entry.timeouts = isServiceError(err) && err.code === status.DEADLINE_EXCEEDED ? entry.timeouts + 1 : 0;
      if (entry.timeouts >= TIMEOUTS_BEFORE_REDIAL && this.#clients.get(address) === entry) {
        this.#clients.delete(address);
        entry.client.close();
      }
      throw err;
    }
  }
}

function settle<Response>(
  client: TokenServiceClient,
  call: UnaryCall<Response>,
  options: { deadline: number; metadata: Metadata | undefined; signal: AbortSignal | undefined },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    const sent = call(
      client,
      options.metadata ?? new Metadata(),
      { deadline: options.deadline },
      (err, response) => {
        signal?.removeEventListener('abort', cancel);
        if (err) reject(err);
        else resolve(response);
      },
    );
    const cancel = (): void => sent.cancel();
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
  });
}

const isWorthAnotherAddress = (err: unknown): boolean =>
  isServiceError(err) && (err.code === status.UNAVAILABLE || err.code === status.DEADLINE_EXCEEDED);

const LOOPBACK =
  /^(?:(?:dns:(?:\/\/\/)?|ipv4:|ipv6:)?(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?|unix:.*)$/;

/** Whether a target can be nowhere but on this machine. */
export const isLoopback = (address: string): boolean => LOOPBACK.test(address);

const defaultCredentials = (address: string): ChannelCredentials =>
  isLoopback(address) ? grpcCredentials.createInsecure() : grpcCredentials.createSsl();
