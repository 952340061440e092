import {
  CallCredentials,
  InterceptingCall,
  type InterceptingListener,
  type Interceptor,
  Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { type CountersignError, ERROR_CODE_KEY, errorFromService } from './errors.js';
import type { TokenSource } from './token-source.js';

type Call = ReturnType<Parameters<Interceptor>[1]>;
type Context = Parameters<Call['sendMessageWithContext']>[0];

/**
 * Attaches the source's token to each call, and where the other side answers UNAUTHENTICATED asks once more with a
 * fresh one. A call is repeated only when its request is a single message and nothing of an answer has come. Unlike
 * call credentials it also works on a channel without TLS, as on loopback or in a mesh.
 */
export function authorizingInterceptor(source: TokenSource): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(
      new AuthorizedCall(source, () => nextCall(options), {
        mayRepeat: !options.method_definition.requestStream,
        deadline: options.deadline,
      }),
    );
}

/** The source's token as grpc-js call credentials: to combine with TLS channel credentials, or for single calls. */
export function callCredentials(source: TokenSource): CallCredentials {
  return CallCredentials.createFromMetadataGenerator((_options, done) => {
    source.token().then(
      (token) => done(null, authorized(new Metadata(), token)),
      (err: unknown) => {
        const failed = statusFromError(errorFromService(err));
        done(Object.assign(new Error(failed.details), failed));
      },
    );
  });
}

function authorized(metadata: Metadata, token: string): Metadata {
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** Only what may pass by itself is UNAVAILABLE: a wrong credential does not get better by repeating the call. */
function statusFromError(err: CountersignError): StatusObject {
  const metadata = new Metadata();
  metadata.set(ERROR_CODE_KEY, err.code);
  const passing = err.code === 'temporarily_unavailable' || err.code === 'slow_down';
  return {
    code: passing ? status.UNAVAILABLE : status.UNAUTHENTICATED,
    details: `No access token: ${err.message}`,
    metadata,
  };
}

/** One call that waits for its token; what is sent meanwhile is kept, and kept on while the call may be repeated. */
class AuthorizedCall implements Call {
  readonly #source: TokenSource;
  readonly #open: () => Call;
  readonly #deadline: Date | number | undefined;
  #mayRepeat: boolean;
  #call: Call | undefined;
  #metadata = new Metadata();
  #listener: Partial<InterceptingListener> | undefined;
  #messages: { context: Context; message: unknown }[] = [];
  #halfClosed = false;
  #reads = 0;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    source: TokenSource,
    open: () => Call,
    options: { mayRepeat: boolean; deadline: Date | number | undefined },
  ) {
    this.#source = source;
    this.#open = open;
    this.#mayRepeat = options.mayRepeat;
    this.#deadline = options.deadline;
  }

  start(metadata: Metadata, listener?: Partial<InterceptingListener>): void {
    this.#metadata = metadata;
    this.#listener = listener;
    if (this.#deadline !== undefined) {
      const waitMs = Number(this.#deadline) - Date.now();
      if (waitMs < 0x7fffffff) {
        const late = {
          code: status.DEADLINE_EXCEEDED,
          details: 'No access token in time.',
          metadata: new Metadata(),
        };
        this.#timer = setTimeout(() => this.#end(late), Math.max(0, waitMs)).unref();
      }
    }
    this.#source.token().then(
      (token) => this.#begin(token),
      (err: unknown) => this.#end(statusFromError(errorFromService(err))),
    );
  }

  sendMessage(message: unknown): void {
    this.sendMessageWithContext({}, message);
  }

  sendMessageWithContext(context: Context, message: unknown): void {
    if (this.#call === undefined || this.#mayRepeat) this.#messages.push({ context, message });
    this.#call?.sendMessageWithContext(context, message);
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#call?.halfClose();
  }

  startRead(): void {
    this.#reads += 1;
    this.#call?.startRead();
  }

  cancelWithStatus(code: status, details: string): void {
    this.#mayRepeat = false;
    if (this.#call !== undefined) this.#call.cancelWithStatus(code, details);
    else this.#end({ code, details, metadata: new Metadata() });
  }

  getPeer(): string {
    return this.#call?.getPeer() ?? 'unknown';
  }

  getAuthContext(): ReturnType<Call['getAuthContext']> {
    return this.#call?.getAuthContext() ?? null;
  }

  #begin(token: string): void {
    if (this.#ended) return;
    clearTimeout(this.#timer);
    const call = this.#open();
    this.#call = call;
    call.start(authorized(this.#metadata.clone(), token), this.#listenTo(token));
    for (const { context, message } of this.#messages) call.sendMessageWithContext(context, message);
    if (!this.#mayRepeat) this.#messages = [];
    if (this.#halfClosed) call.halfClose();
    for (let read = 0; read < this.#reads; read += 1) call.startRead();
  }

  #listenTo(token: string): InterceptingListener {
    return {
      onReceiveMetadata: (metadata) => {
        this.#mayRepeat = false;
        this.#listener?.onReceiveMetadata?.(metadata);
      },
      onReceiveMessage: (message) => {
        // For an answer of one message grpc-js reports a missing one as null, before the status.
        if (message === null && this.#mayRepeat) return;
        this.#mayRepeat = false;
        this.#listener?.onReceiveMessage?.(message);
      },
      onReceiveStatus: (ended) => {
        if (ended.code !== status.UNAUTHENTICATED || !this.#mayRepeat) this.#end(ended);
        else this.#repeat(token, ended);
      },
    };
  }

  #repeat(refusedToken: string, refusal: StatusObject): void {
    this.#mayRepeat = false;
    this.#source.invalidate(refusedToken);
    this.#source.token().then(
      (token) => (token === refusedToken ? this.#end(refusal) : this.#begin(token)),
      () => this.#end(refusal),
    );
  }

  #end(ended: StatusObject): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#listener?.onReceiveStatus?.(ended);
  }
}
