import cluster, { type Worker } from 'node:cluster';
import type { Config } from './config/load-config.js';
import type { ListenAddress } from './config/parsers.js';
import type { TimedClock } from './domain/timers.js';
import type { Logger } from './log.js';
import { type MetricsSnapshot, renderTogether } from './ops/metrics.js';
import { startOpsServer } from './ops/ops-server.js';
import { reservePort } from './reserve-port.js';
import type { FromWorker, ToWorker } from './worker.js';

/** Serving processes that share the ports, and the first process that looks after them. */
export interface RunningWorkers {
  readonly ports: {
    readonly grpc: number;
    readonly http: number | undefined;
    readonly ops: number | undefined;
  };
  /** Drains all at once and ends; answers the names of what did not end in time. */
  stop(): Promise<readonly string[]>;
}

/** The first worker did not come as far as serving. It has said why; `status` is what it exited with. */
export class WorkerFailed extends Error {
  override readonly name = 'WorkerFailed';
  constructor(readonly status: number) {
    super(`The first worker ended with status ${status} before it served.`);
  }
}

/** Longer than a worker gives itself once its grace is over. */
const STOP_MS = 20_000;
const METRICS_MS = 1_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** A worker that served for so long was well: when it ends, the next one is not held back. */
const WELL_AFTER_MS = 10_000;

/**
 * Starts `config.workers` processes, each the whole service with its own connections to the store and one reader of
 * the feed, on the same ports: this process accepts connections and deals them out in turn. It serves nothing itself
 * but the operations port, which speaks for all. A worker that ends is replaced, at once the first time and then less
 * and less often while its successors do not last either.
 *
 * The first worker starts alone, so that what is wrong with the store is said once, and the first administrator made
 * once. Rejects with {@link WorkerFailed} when it does not come to serve.
 */
export async function startWorkers(
  config: Config,
  { log, clock }: { readonly log: Logger; readonly clock: TimedClock },
): Promise<RunningWorkers> {
  // Here, so that a worker that is replaced finds the same port as those before it.
  const grpcListen = await reservePort(config.grpcListen);
  const httpListen = config.httpListen && (await reservePort(config.httpListen));
  const crew = new Crew(log, clock, {
    COUNTERSIGN_GRPC_LISTEN: textOf(grpcListen),
    COUNTERSIGN_HTTP_LISTEN: httpListen === undefined ? 'off' : textOf(httpListen),
    COUNTERSIGN_OPS_LISTEN: 'off',
  });
  try {
    await crew.hireFirst();
    const ops =
      config.opsListen &&
      (await startOpsServer({ listen: config.opsListen, ready: () => crew.ready(), metrics: crew.metrics }));
    await crew.fillUp(config.workers);
    return {
      ports: { grpc: grpcListen.port, http: httpListen?.port, ops: ops?.port },
      stop: async () => {
        const late = await crew.stop(config.drainGraceSeconds * 1000 + STOP_MS);
        await ops?.stop();
        return late;
      },
    };
  } catch (err) {
    crew.kill();
    throw err;
  }
}

class Crew {
  readonly #log: Logger;
  readonly #clock: TimedClock;
  readonly #settings: Readonly<Record<string, string>>;
  /** All that there are, and whether each would answer for sure. */
  readonly #ready = new Map<Worker, boolean>();
  readonly #serving = new Set<Worker>();
  #onServing: () => void = () => undefined;
  readonly #asked = new Map<number, (snapshot: MetricsSnapshot) => void>();
  #questions = 0;
  #delayMs = 0;
  #stopping = false;

  constructor(log: Logger, clock: TimedClock, settings: Readonly<Record<string, string>>) {
    this.#log = log;
    this.#clock = clock;
    this.#settings = settings;
    // Nobody else accepts connections where the system would deal them out, and it deals them out unevenly.
    cluster.schedulingPolicy = cluster.SCHED_RR;
  }

  /** Whether anybody serves who would answer for sure: connections go to those who are there. */
  ready(): boolean {
    return !this.#stopping && [...this.#ready.values()].includes(true);
  }

  /** Of all who answer in time, added up. */
  readonly metrics = async (): Promise<string> => {
    const snapshots = await Promise.all([...this.#ready.keys()].map((worker) => this.#metricsOf(worker)));
    return renderTogether(snapshots.filter((snapshot) => snapshot !== undefined));
  };

  /** Settles when a first worker serves. */
  hireFirst(): Promise<void> {
    const worker = this.#fork();
    return new Promise((resolve, reject) => {
      const fail = (status: number | null): void => reject(new WorkerFailed(status ?? 1));
      worker.once('exit', fail);
      this.#onServing = () => {
        worker.off('exit', fail);
        this.#lookAfter(worker);
        resolve();
      };
    });
  }

  /** Settles when there are so many and all of them serve, be it after some were replaced. */
  fillUp(count: number): Promise<void> {
    for (let missing = count - this.#ready.size; missing > 0; missing -= 1) this.#hire();
    return new Promise((resolve) => {
      this.#onServing = () => {
        if (this.#serving.size === count) resolve();
      };
      this.#onServing();
    });
  }

  async stop(deadlineMs: number): Promise<readonly string[]> {
    this.#stopping = true;
    const workers = [...this.#ready.keys()];
    const ended = workers.map(
      (worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())),
    );
    for (const worker of workers) tell(worker, { kind: 'stop' });
    const late = await new Promise<readonly Worker[]>((resolve) => {
      const cancel = this.#clock.after(deadlineMs, () => resolve([...this.#ready.keys()]));
      void Promise.all(ended).then(() => {
        cancel();
        resolve([]);
      });
    });
    this.kill();
    return late.map(({ process }) => `worker ${process.pid}`);
  }

  kill(): void {
    this.#stopping = true;
    for (const worker of this.#ready.keys()) worker.process.kill('SIGKILL');
  }

  #hire(): void {
    this.#lookAfter(this.#fork());
  }

  #lookAfter(worker: Worker): void {
    const sinceMs = this.#clock.monotonic();
    worker.once('exit', (status, signal) => {
      this.#ready.delete(worker);
      this.#serving.delete(worker);
      if (this.#stopping) return;
      const well = this.#clock.monotonic() - sinceMs >= WELL_AFTER_MS;
      const delayMs = well ? 0 : this.#delayMs;
      this.#delayMs = well ? FIRST_DELAY_MS : Math.min(Math.max(2 * delayMs, FIRST_DELAY_MS), MAX_DELAY_MS);
      this.#log.error(
        { worker_pid: worker.process.pid, status, signal, replaced_in_ms: delayMs },
        'a worker ended and is replaced',
      );
      this.#clock.after(delayMs, () => {
        if (!this.#stopping) this.#hire();
      });
    });
  }

  #fork(): Worker {
    const worker = cluster.fork(this.#settings);
    this.#ready.set(worker, false);
    worker.on('error', (err) => this.#log.warn({ worker_pid: worker.process.pid, err }, 'lost a worker'));
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') this.#ready.set(worker, message.ready);
      else if (message.kind === 'metrics') this.#asked.get(message.id)?.(message.snapshot);
      else {
        this.#serving.add(worker);
        this.#onServing();
      }
    });
    return worker;
  }

  /** Undefined when it does not answer in time. */
  #metricsOf(worker: Worker): Promise<MetricsSnapshot | undefined> {
    this.#questions += 1;
    const id = this.#questions;
    return new Promise<MetricsSnapshot | undefined>((resolve) => {
      const cancel = this.#clock.after(METRICS_MS, () => resolve(undefined));
      this.#asked.set(id, (snapshot) => {
        cancel();
        resolve(snapshot);
      });
      tell(worker, { kind: 'tell-metrics', id });
    }).finally(() => this.#asked.delete(id));
  }
}

/** One that has just ended is none to talk to, and that is told by its exit. */
function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}

const textOf = ({ host, port }: ListenAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
