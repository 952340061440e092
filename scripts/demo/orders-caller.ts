import { fileURLToPath } from 'node:url';
import { type Client, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { authorizingInterceptor, type TokenSource } from '../../src/sdk/client.js';
import { protoDirectory } from '../../src/sdk/verifier.js';

/** One call to a guarded service, as its caller saw it, in ms on this process's monotonic clock. */
export interface SeenCall {
  readonly service: number;
  readonly sentMs: number;
  readonly answeredMs: number;
  /** `OK`, or the stable code of the refusal. */
  readonly outcome: string;
}

type OrdersClient = Client & {
  placeOrder(request: { item: string }, done: (err: ServiceError | null) => void): void;
};

const { OrdersService } = (
  loadPackageDefinition(
    loadSync(fileURLToPath(new URL('../example/orders.proto', import.meta.url)), {
      includeDirs: [protoDirectory],
    }),
  ) as unknown as {
    example: {
      orders: { v1: { OrdersService: new (...args: ConstructorParameters<typeof Client>) => OrdersClient } };
    };
  }
).example.orders.v1;

/** Calls the services in turn, so many times a second, each call with the source's cached token. */
export class OrdersCaller {
  readonly calls: SeenCall[] = [];
  readonly #stubs: readonly OrdersClient[];
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #nextMs = 0;

  constructor(services: readonly string[], tokens: TokenSource, callsPerSecond: number) {
    const interceptors = [authorizingInterceptor(tokens)];
    this.#stubs = services.map(
      (address) => new OrdersService(address, credentials.createInsecure(), { interceptors }),
    );
    this.#everyMs = 1000 / callsPerSecond;
  }

  start(): void {
    this.#nextMs = performance.now();
    this.#tick();
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const stub of this.#stubs) stub.close();
  }

  /** How often each service has accepted a call so far, at least. */
  get accepted(): number {
    const counts = this.#stubs.map(
      (_, index) => this.calls.filter(({ service, outcome }) => service === index && outcome === 'OK').length,
    );
    return Math.min(...counts);
  }

  /** Keeps the pace also where a timer comes late: what was missed is sent at once. */
  #tick(): void {
    for (; this.#nextMs <= performance.now(); this.#nextMs += this.#everyMs) this.#call();
    this.#timer = setTimeout(() => this.#tick(), this.#nextMs - performance.now());
  }

  #call(): void {
    const service = this.#sent % this.#stubs.length;
    this.#sent += 1;
    const sentMs = performance.now();
    this.#stubs[service]?.placeOrder({ item: 'teapot' }, (err) => {
      const outcome = err === null ? 'OK' : String(err.metadata.get('countersign-error')[0] ?? err.details);
      this.calls.push({ service, sentMs, answeredMs: performance.now(), outcome });
    });
  }
}
