import type { handleServerStreamingCall, Metadata, ServerWritableStream } from '@grpc/grpc-js';
import type { Call, Credential } from '../../domain/call.js';
import { decodeRequest } from './decode-request.js';
import type { OpenStreams } from './open-streams.js';
import { Abandoned, type Ending, endingOf } from './status.js';
import type { IncomingCall } from './take-in.js';
import type { Door, Method } from './unary-call.js';

/**
 * A server-streaming RPC's own part. It admits its caller itself (`useCases.admit(rpc, call)`), then sends until it
 * returns, which ends the stream well, or fails, which ends it as it would a unary call. It must return or fail soon
 * after the signal is aborted; what it does after that reaches nobody.
 */
export type StreamHandler<Request, Response> = (
  request: Request,
  call: Call,
  stream: OutgoingStream<Response>,
) => Promise<void>;

/** Where a {@link StreamHandler} sends. */
export interface OutgoingStream<Response> {
  /** Aborted when the stream is over: its caller has gone, the server stops, or the handler is done. */
  readonly signal: AbortSignal;
  /** Messages sent that the connection has yet to take. A slow reader's add up here, in memory. */
  readonly queued: number;
  /** Sends a message, or one that {@link encode} has made bytes of; nothing once the signal is aborted. */
  send(message: Response | Buffer): void;
  /** For a message that goes out on many streams. */
  encode(message: Response): Buffer;
  /** Settles when nothing is queued any more; fails with the signal's reason. */
  drained(): Promise<void>;
  /** Ends the stream with an error, as if the handler had failed with it. */
  end(error: unknown): void;
}

/** How one streaming method is served. */
export interface ServedStream<Request, Response> {
  readonly rpc: string;
  readonly method: Method<Request, Response>;
  readonly handler: StreamHandler<Request, Response>;
  readonly credentialOf: (metadata: Metadata) => Credential;
  readonly maxRequestBytes: number;
}

export function serveStream<Request, Response>(
  served: ServedStream<Request, Response>,
  door: Door,
  open: OpenStreams,
): handleServerStreamingCall<Buffer, Buffer> {
  return (surface) => {
    void new StreamCall(served, door, surface, open).run();
  };
}

class StreamCall<Request, Response> implements OutgoingStream<Response> {
  readonly #served: ServedStream<Request, Response>;
  readonly #door: Door;
  readonly #surface: ServerWritableStream<Buffer, Buffer>;
  readonly #open: OpenStreams;
  readonly #call: IncomingCall;
  readonly #startMs = performance.now();
  readonly #over = new AbortController();
  #queued = 0;
  #waiters: { resolve: () => void; reject: (reason: unknown) => void }[] = [];

  constructor(
    served: ServedStream<Request, Response>,
    door: Door,
    surface: ServerWritableStream<Buffer, Buffer>,
    open: OpenStreams,
  ) {
    this.#served = served;
    this.#door = door;
    this.#surface = surface;
    this.#open = open;
    this.#call = door.takeIn(surface);
    surface.on('cancelled', () => this.end(new Abandoned()));
    open.add(this);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get queued(): number {
    return this.#queued;
  }

  async run(): Promise<void> {
    if (this.signal.aborted) return;
    try {
      const { method, handler, credentialOf, maxRequestBytes } = this.#served;
      this.#call.credential = credentialOf(this.#surface.metadata);
      const request = decodeRequest(method, this.#surface.request, maxRequestBytes);
      await handler(request, this.#call, this);
      this.#finish({ code: 'ok' });
    } catch (error) {
      this.end(error);
    }
  }

  send(message: Response | Buffer): void {
    if (this.signal.aborted) return;
    this.#queued += 1;
    this.#surface.write(Buffer.isBuffer(message) ? message : this.encode(message), this.#taken);
  }

  encode(message: Response): Buffer {
    return this.#served.method.responseSerialize(message);
  }

  drained(): Promise<void> {
    if (this.signal.aborted) return Promise.reject(this.signal.reason);
    if (this.#queued === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  end(error: unknown): void {
    this.#finish(endingOf(error, this.#call.requestId));
  }

  readonly #taken = (): void => {
    this.#queued -= 1;
    if (this.#queued === 0) for (const { resolve } of this.#waiters.splice(0)) resolve();
  };

  #finish(ending: Pick<Ending, 'cause'> & { code: Ending['code'] | 'ok'; status?: Ending['status'] }): void {
    if (this.signal.aborted) return;
    const reason = new Abandoned();
    this.#over.abort(reason);
    this.#open.delete(this);
    for (const { reject } of this.#waiters.splice(0)) reject(reason);
    if (ending.status === undefined) this.#surface.end();
    // grpc-js ends a stream with the status that an error on it names.
    else this.#surface.emit('error', ending.status);
    this.#door.observer.finished(this.#call, {
      rpc: this.#served.rpc,
      code: this.#surface.cancelled ? 'cancelled' : ending.code,
      durationMs: performance.now() - this.#startMs,
      ...(ending.cause === undefined ? {} : { cause: ending.cause }),
    });
  }
}
