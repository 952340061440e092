import { type handleUnaryCall, Metadata, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { Call, Credential } from '../../domain/call.js';
import { temporarilyUnavailable } from '../../domain/errors.js';
import type { CallObserver, CallOutcome } from '../call-observer.js';
import { type Crowd, isUrgent } from '../crowd.js';
import { decodeRequest, type RequestCodec } from './decode-request.js';
import { Abandoned, type Ending, endingOf, REQUEST_ID_KEY } from './status.js';
import type { IncomingCall, TakeIn } from './take-in.js';

/**
 * A unary RPC's own part: the message in, the use-case, the message out, which may be encoded already. May fail with
 * anything.
 */
export type UnaryHandler<Request, Response> = (request: Request, call: Call) => Promise<Response | Buffer>;

/** A method of a service, as ts-proto describes it. */
export interface Method<Request, Response> extends RequestCodec<Request> {
  readonly path: string;
  responseSerialize(value: Response): Buffer;
}

/** What the calls of one server share. */
export interface Door {
  readonly takeIn: TakeIn;
  readonly observer: CallObserver;
  /** When a unary call is answered `temporarily_unavailable`, whatever it waits for. */
  readonly callTimeoutMs: number;
  /** Whether this process was held up until just now, so that callers may have given up in the meantime. */
  readonly loop?: { readonly isCatchingUp: boolean };
  /** Left out: there is always room. */
  readonly crowd?: Crowd;
}

/** How one method is served. */
export interface Served<Request, Response> {
  readonly rpc: string;
  readonly method: Method<Request, Response>;
  readonly handler: UnaryHandler<Request, Response>;
  readonly credentialOf: (metadata: Metadata) => Credential;
  readonly maxRequestBytes: number;
}

/** The most that an answer may take; grpc-js is told the same, but would say so only once we had said `ok`. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

/**
 * Wraps a handler for grpc-js, which by itself leaves a rejected promise unanswered and sends any error's message to
 * the caller. Messages come and go as bytes, so that malformed ones are told in our words.
 *
 * Each call is answered once and told to the observer once, within the time limit, whatever the handler does.
 */
export function serveUnary<Request, Response>(
  served: Served<Request, Response>,
  door: Door,
): handleUnaryCall<Buffer, Buffer> {
  return (surface, respond) => {
    void new UnaryCall(served, door, surface, respond).run();
  };
}

/** What it takes a cancellation that has arrived to get through Node's layers, and then some. */
const SECOND_LOOK_MS = 20;

class UnaryCall<Request, Response> {
  readonly #served: Served<Request, Response>;
  readonly #door: Door;
  readonly #surface: ServerUnaryCall<Buffer, Buffer>;
  readonly #respond: sendUnaryData<Buffer>;
  readonly #call: IncomingCall;
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #over = false;
  #isInside = false;

  constructor(
    served: Served<Request, Response>,
    door: Door,
    surface: ServerUnaryCall<Buffer, Buffer>,
    respond: sendUnaryData<Buffer>,
  ) {
    this.#served = served;
    this.#door = door;
    this.#surface = surface;
    this.#respond = respond;
    this.#call = door.takeIn(surface);
    this.#timer = setTimeout(expire, door.callTimeoutMs, this);
  }

  async run(): Promise<void> {
    let bytes: Buffer;
    try {
      const { crowd } = this.#door;
      if (crowd !== undefined && !this.#comesIn(crowd)) await this.#waitInLine(crowd);
      const { method, handler, credentialOf, maxRequestBytes } = this.#served;
      this.#call.credential = credentialOf(this.#surface.metadata);
      const request = decodeRequest(method, this.#surface.request, maxRequestBytes);
      // After a stall there may be many that nobody waits for any more: do not act for them. A deadline does not tell,
      // because it counts from when the call was read; the caller's cancellation does, and comes in right behind it.
      if (this.#door.loop?.isCatchingUp) await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
      if (this.#isAbandoned()) throw new Abandoned();
      const response = await handler(request, this.#call);
      bytes = Buffer.isBuffer(response) ? response : method.responseSerialize(response);
      if (bytes.length > MAX_RESPONSE_BYTES) throw new RangeError(`an answer of ${bytes.length} bytes`);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#succeed(bytes);
  }

  #comesIn(crowd: Crowd): boolean {
    this.#isInside = crowd.enter(isUrgent(this.#served.rpc));
    return this.#isInside;
  }

  /** Before anything is read or looked up, so that waiting costs nothing. */
  async #waitInLine(crowd: Crowd): Promise<void> {
    await crowd.wait(isUrgent(this.#served.rpc));
    if (this.#over) {
      crowd.leave();
      throw new Abandoned();
    }
    this.#isInside = true;
  }

  fail(error: unknown): void {
    const { code, cause, status } = endingOf(error, this.#call.requestId);
    this.#finish(code, cause, status, null);
  }

  #succeed(bytes: Buffer): void {
    this.#finish('ok', undefined, null, bytes);
  }

  #finish(
    ended: CallOutcome['code'],
    reason: unknown,
    status: Ending['status'] | null,
    bytes: Buffer | null,
  ): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    let [code, cause] = [ended, reason];
    if (this.#isInside) {
      this.#door.crowd?.leave(code === 'temporarily_unavailable' ? temporarilyUnavailable() : undefined);
    }
    try {
      this.#respond(status, bytes, status === null ? this.#trailer() : undefined);
    } catch (error) {
      code = 'internal';
      cause = error;
    }
    this.#door.observer.finished(this.#call, {
      rpc: this.#served.rpc,
      code: this.#surface.cancelled ? 'cancelled' : code,
      durationMs: performance.now() - this.#startMs,
      cause,
    });
  }

  #isAbandoned(): boolean {
    return this.#surface.cancelled || Number(this.#surface.getDeadline()) <= Date.now();
  }

  /** Only a caller that named its call is told the name on success: an entry costs each call that does not ask. */
  #trailer(): Metadata | undefined {
    if (!this.#call.isNamed) return undefined;
    const metadata = new Metadata();
    metadata.set(REQUEST_ID_KEY, this.#call.requestId);
    return metadata;
  }
}

const expire = (call: { fail(error: unknown): void }): void => call.fail(temporarilyUnavailable());
