import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import {
  type FeedHeartbeat,
  type IntrospectTokenRequest,
  IntrospectTokenResponse,
  type IssueTokenRequest,
  IssueTokenResponse,
  ListVerificationKeysResponse,
  type Revocation,
  type TokenServiceServer,
  TokenServiceService,
  type WatchRevocationsRequest,
  type WatchRevocationsResponse,
} from '../../src/wire/gen/countersign/v1/token_service.js';

/** How the fake refuses a call. */
export class Refusal extends Error {
  readonly code: status;
  readonly metadata = new Metadata();
  constructor(code: status, countersignError?: string, trailers: Record<string, string> = {}) {
    super('refused');
    this.code = code;
    if (countersignError !== undefined) this.metadata.set('countersign-error', countersignError);
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, value);
  }
}

export const refuseUnavailable = () => new Refusal(status.UNAVAILABLE, 'temporarily_unavailable');

/** A feed that a reader has opened, moved by hand. */
export class FakeFeed {
  readonly cursor: string;
  readonly metadata: Metadata;
  readonly #stream: ServerWritableStream<WatchRevocationsRequest, WatchRevocationsResponse>;
  /** Set when the reader is gone. */
  ended = false;

  constructor(stream: ServerWritableStream<WatchRevocationsRequest, WatchRevocationsResponse>) {
    this.#stream = stream;
    this.cursor = stream.request.cursor;
    this.metadata = stream.metadata;
    stream.once('cancelled', () => {
      this.ended = true;
    });
  }

  send(cursor: string, event: NonNullable<WatchRevocationsResponse['event']>): this {
    this.#stream.write({ cursor, event });
    return this;
  }

  snapshot(
    cursor: string,
    revocations: Revocation[],
    part = { first: true, last: true, partNumber: 0 },
  ): this {
    return this.send(cursor, { $case: 'snapshot', value: { revocations, ...part } });
  }

  change(cursor: string, revocation: Revocation): this {
    return this.send(cursor, { $case: 'change', value: revocation });
  }

  /** Confirmed so many milliseconds after the stream was opened. */
  heartbeat(cursor: string, confirmedAfterOpenMs = 0): this {
    const value: FeedHeartbeat = {
      streamOpenedMonotonicMs: 5_000_000,
      storeConfirmedMonotonicMs: 5_000_000 + confirmedAfterOpenMs,
    };
    return this.send(cursor, { $case: 'heartbeat', value });
  }

  end(refusal = refuseUnavailable()): void {
    this.ended = true;
    this.#stream.emit('error', refusal);
  }
}

/** The service as a caller sees it, scripted: each answer is a function that a test may replace. */
export class FakeService {
  readonly calls = { issue: 0, introspect: 0, keys: 0 };
  readonly feeds: FakeFeed[] = [];
  address = '';
  issueToken: (request: IssueTokenRequest, metadata: Metadata) => Promise<Partial<IssueTokenResponse>> =
    async () => {
      throw refuseUnavailable();
    };
  introspectToken: (
    request: IntrospectTokenRequest,
    metadata: Metadata,
  ) => Promise<Partial<IntrospectTokenResponse>> = async () => {
    throw refuseUnavailable();
  };
  listKeys: () => Promise<Partial<ListVerificationKeysResponse>> = async () => {
    throw refuseUnavailable();
  };
  /** What a feed does when it is opened. */
  onFeed: (feed: FakeFeed) => void = () => {};
  readonly #peers = new Set<string>();
  readonly #server = new Server({
    interceptors: [
      (_method, call) => {
        this.#peers.add(call.getPeer());
        return new ServerInterceptingCall(call);
      },
    ],
  });
  readonly #waiting: ((feed: FakeFeed) => void)[] = [];
  #fed = 0;

  static async start(port = 0): Promise<FakeService> {
    const fake = new FakeService();
    fake.#server.addService(TokenServiceService, fake.#handlers());
    const bound = await new Promise<number>((resolve, reject) => {
      fake.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (err, bound) =>
        err ? reject(err) : resolve(bound),
      );
    });
    fake.address = `127.0.0.1:${bound}`;
    return fake;
  }

  /** Connections that calls came on. */
  get connections(): number {
    return this.#peers.size;
  }

  /** The next feed that was opened and not yet asked for. */
  nextFeed(): Promise<FakeFeed> {
    const feed = this.feeds[this.#fed];
    this.#fed += 1;
    return feed === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(feed);
  }

  /** Ends at once, and everything that is open with it. */
  stop(): void {
    this.#server.forceShutdown();
  }

  #handlers(): TokenServiceServer {
    return {
      issueToken: (call, done) => {
        this.calls.issue += 1;
        this.issueToken(call.request, call.metadata).then(
          (answer) => done(null, IssueTokenResponse.fromPartial(answer)),
          done,
        );
      },
      introspectToken: (call, done) => {
        this.calls.introspect += 1;
        this.introspectToken(call.request, call.metadata).then(
          (answer) => done(null, IntrospectTokenResponse.fromPartial(answer)),
          done,
        );
      },
      listVerificationKeys: (_call, done) => {
        this.calls.keys += 1;
        this.listKeys().then((answer) => done(null, ListVerificationKeysResponse.fromPartial(answer)), done);
      },
      watchRevocations: (call) => {
        const feed = new FakeFeed(call);
        this.feeds.push(feed);
        this.onFeed(feed);
        this.#waiting.shift()?.(feed);
      },
      batchIntrospectTokens: (_call, done) => done(refuseUnavailable()),
      revokeToken: (_call, done) => done(refuseUnavailable()),
      revokeTokenById: (_call, done) => done(refuseUnavailable()),
    };
  }
}
