import { type ClientReadableStream, connectivityState, status } from '@grpc/grpc-js';
import type {
  TokenServiceClient,
  WatchRevocationsResponse,
} from '../wire/gen/countersign/v1/token_service.js';
import type { Authorizer } from './authorizer.js';
import type { Clock } from './clock.js';
import { CountersignError, errorFromService, isServiceError } from './errors.js';
import { FeedReading, type Step } from './feed-reading.js';
import type { LedgerReplica } from './ledger-replica.js';

/** What a stream tells its follower; nothing after `ended`. */
export interface StreamSink {
  step(stream: FeedStream, step: Step): void;
  ended(stream: FeedStream, err: CountersignError): void;
}

/**
 * One stream of the feed on a connection of its own, so that the stream's age is the connection's and the server's
 * limit on the latter can be met ahead of time. Never repairs itself: it ends, once, and the follower opens another.
 */
export class FeedStream {
  readonly #client: TokenServiceClient;
  readonly #clock: Clock;
  readonly #sink: StreamSink;
  readonly openedAtMs: number;
  #reading: FeedReading | undefined;
  #call: ClientReadableStream<WatchRevocationsResponse> | undefined;
  #over = false;
  #progressAtMs: number;

  constructor(options: {
    client: TokenServiceClient;
    authorizer: Authorizer;
    replica: LedgerReplica;
    cursor: string;
    clock: Clock;
    connectTimeoutMs: number;
    sink: StreamSink;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#sink = options.sink;
    this.openedAtMs = options.clock.monotonic();
    this.#progressAtMs = this.openedAtMs;
    this.#open(options).catch((err: unknown) => this.#end(errorFromService(err)));
  }

  /** Where to resume; empty when this stream cannot be resumed from. */
  get cursor(): string {
    return this.#reading?.cursor ?? '';
  }

  /** Since when, on the monotonic clock, the replica may lack something; -Infinity before the first proof. */
  get confirmedAtMs(): number {
    return this.#reading?.confirmedAtMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether a snapshot has begun and not ended: how long that takes is up to its size. */
  get inSnapshot(): boolean {
    return this.#reading?.inSnapshot ?? false;
  }

  /** When a message last brought something. */
  get progressAtMs(): number {
    return this.#progressAtMs;
  }

  /** Ends the stream and its connection; the sink hears no more of it. */
  close(): void {
    this.#over = true;
    this.#call?.cancel();
    this.#client.close();
  }

  async #open(options: {
    authorizer: Authorizer;
    replica: LedgerReplica;
    cursor: string;
    connectTimeoutMs: number;
  }): Promise<void> {
    const metadata = await options.authorizer.metadata();
    await connected(this.#client, options.connectTimeoutMs);
    if (this.#over) return;
    // Noted as late as possible, for it is what freshness is counted from, and before the request, so that no delay on
    // the way can make it too late.
    this.#reading = new FeedReading(options.replica, options.cursor, this.#clock.monotonic());
    this.#call = this.#client.watchRevocations({ cursor: options.cursor }, metadata);
    this.#listen(this.#call, this.#reading, () => options.authorizer.refused(metadata));
  }

  #listen(
    call: ClientReadableStream<WatchRevocationsResponse>,
    reading: FeedReading,
    refused: () => void,
  ): void {
    call.on('data', (message: WatchRevocationsResponse) => {
      if (this.#over) return;
      const nowMs = this.#clock.monotonic();
      const step = reading.accept(message, nowMs);
      if (step !== 'ignored') this.#progressAtMs = nowMs;
      this.#sink.step(this, step);
    });
    call.on('error', (err) => {
      if (isServiceError(err) && err.code === status.UNAUTHENTICATED) refused();
      this.#end(errorFromService(err));
    });
    call.on('end', () => this.#end(new CountersignError('temporarily_unavailable', 'The feed has ended.')));
  }

  #end(err: CountersignError): void {
    if (this.#over) return;
    this.close();
    this.#sink.ended(this, err);
  }
}

/** Waits for a connection; unlike `waitForReady` it gives up at the first failure, for there are other addresses. */
function connected(client: TokenServiceClient, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      try {
        const channel = client.getChannel();
        const state = channel.getConnectivityState(true);
        if (state === connectivityState.READY) resolve();
        else if (state === connectivityState.TRANSIENT_FAILURE) throw new Error('The connection failed.');
        else channel.watchConnectivityState(state, deadline, (err) => (err ? fail(err) : look()));
      } catch (err) {
        fail(err);
      }
    };
    const fail = (cause: unknown): void =>
      reject(new CountersignError('temporarily_unavailable', 'The service cannot be reached.', { cause }));
    look();
  });
}
