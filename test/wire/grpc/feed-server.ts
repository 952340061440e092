import {
  type ClientReadableStream,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { createMemoryStore } from '../../../src/adapters/memory/memory-store.js';
import { systemClock } from '../../../src/adapters/system.js';
import type { Call, Caller } from '../../../src/domain/call.js';
import { invalidClient } from '../../../src/domain/errors.js';
import { FeedHub } from '../../../src/domain/feed-hub.js';
import type { Store } from '../../../src/domain/ports.js';
import { makeHoldAdmission } from '../../../src/domain/standing-admission.js';
import type { CallOutcome } from '../../../src/wire/call-observer.js';
import {
  type FeedHeartbeat,
  type Revocation,
  type RevocationSnapshot,
  TokenServiceClient,
  TokenServiceService,
  type WatchRevocationsResponse,
} from '../../../src/wire/gen/countersign/v1/token_service.js';
import { requiredCredential } from '../../../src/wire/grpc/credential.js';
import { feedMessages } from '../../../src/wire/grpc/feed-messages.js';
import { OpenStreams } from '../../../src/wire/grpc/open-streams.js';
import { serveStream } from '../../../src/wire/grpc/stream-call.js';
import { makeTakeIn, peerAddress } from '../../../src/wire/grpc/take-in.js';
import { makeWatchRevocations } from '../../../src/wire/grpc/watch-revocations.js';
import { clientId } from '../../support/records.js';

/** A server on which one can but watch, over a store of the test's own; admits whoever the test lets in. */
export interface FeedServer {
  readonly store: Store;
  readonly hub: FeedHub<Buffer>;
  readonly address: string;
  /** How calls ended, in their order. */
  readonly outcomes: CallOutcome[];
  /** Who is let in; by default everybody, as the client `watcher`. */
  admit: (call: Call) => Promise<Caller>;
  /** Ends the open streams as a stopping server does. */
  drain(): void;
  close(): Promise<void>;
}

export async function startFeedServer(
  store = createMemoryStore({ clock: systemClock }),
): Promise<FeedServer> {
  const hub = new FeedHub({ source: store.feed, clock: systemClock, encoder: feedMessages });
  const server = new Server({ 'grpc.max_concurrent_streams': 10_000 });
  const outcomes: CallOutcome[] = [];
  const openStreams = new OpenStreams();
  const method = TokenServiceService.watchRevocations;
  const asIs = (bytes: Buffer): Buffer => bytes;
  const handler = makeWatchRevocations({
    hub,
    holdAdmission: makeHoldAdmission({
      admit: (_rpc, call) => running.admit(call),
      feed: hub,
      clock: systemClock,
    }),
    clock: systemClock,
  });
  const door = {
    takeIn: makeTakeIn(peerAddress),
    observer: { finished: (_call: Call, outcome: CallOutcome) => void outcomes.push(outcome) },
    callTimeoutMs: 1000,
  };
  const served = {
    rpc: 'WatchRevocations',
    method,
    handler,
    credentialOf: requiredCredential,
    maxRequestBytes: 65_536,
  };
  server.register(method.path, serveStream(served, door, openStreams), asIs, asIs, 'serverStream');
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });

  const running: FeedServer = {
    store,
    hub,
    address: `127.0.0.1:${port}`,
    outcomes,
    admit: async (call) => {
      if (call.credential.kind === 'none') throw invalidClient();
      return { clientId: clientId('watcher'), scopes: ['countersign:introspect'], servesAudiences: [] };
    },
    drain: () => openStreams.endAll(),
    close: async () => {
      hub.close();
      server.forceShutdown();
      await store.close();
    },
  };
  return running;
}

/** A stream of the feed as a client sees it. */
export class FeedClient {
  readonly messages: WatchRevocationsResponse[] = [];
  readonly stub: TokenServiceClient;
  readonly stream: ClientReadableStream<WatchRevocationsResponse>;
  error: ServiceError | undefined;
  #waiting: { readonly met: () => boolean; readonly resolve: () => void }[] = [];

  constructor(address: string, cursor = '', credential = 'Bearer token') {
    this.stub = new TokenServiceClient(address, credentials.createInsecure());
    const metadata = new Metadata();
    if (credential !== '') metadata.set('authorization', credential);
    this.stream = this.stub.watchRevocations({ cursor }, metadata);
    this.stream.on('data', (message: WatchRevocationsResponse) => {
      this.messages.push(message);
      if (message.event?.$case === 'change') this.changeCount += 1;
      this.#look();
    });
    this.stream.on('error', (error: ServiceError) => {
      this.error = error;
      this.#look();
    });
  }

  /** Settles once the condition holds, which is looked at whenever something came. */
  until(met: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ met, resolve });
      this.#look();
    });
  }

  /** The error that ends the stream. */
  async failed(): Promise<ServiceError> {
    await this.until(() => this.error !== undefined);
    return this.error as ServiceError;
  }

  get parts(): (RevocationSnapshot & { readonly cursor: string })[] {
    return this.messages.flatMap(({ cursor, event }) =>
      event?.$case === 'snapshot' ? [{ ...event.value, cursor }] : [],
    );
  }

  get changes(): (Revocation & { readonly cursor: string })[] {
    return this.messages.flatMap(({ cursor, event }) =>
      event?.$case === 'change' ? [{ ...event.value, cursor }] : [],
    );
  }

  get beats(): (FeedHeartbeat & { readonly cursor: string })[] {
    return this.messages.flatMap(({ cursor, event }) =>
      event?.$case === 'heartbeat' ? [{ ...event.value, cursor }] : [],
    );
  }

  /** How many changes have come. */
  changeCount = 0;

  close(): void {
    this.stream.cancel();
    this.stub.close();
  }

  #look(): void {
    const met = this.#waiting.filter((one) => one.met());
    this.#waiting = this.#waiting.filter((one) => !met.includes(one));
    for (const { resolve } of met) resolve();
  }
}
