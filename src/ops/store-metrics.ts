import { Counter, type Registry } from 'prom-client';
import { AuthError } from '../domain/errors.js';
import type { Store } from '../domain/ports.js';
import { DurationHistogram } from './duration-histogram.js';

const DURATION_BUCKETS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5];

/** Is told how each question to the store went. */
export interface StoreObserver {
  answered(operation: StoreOperation, durationMs: number): void;
  /** It did not answer, or not for sure. A refusal by rule, such as `not_found`, is an answer. */
  failed(operation: StoreOperation, durationMs: number): void;
}

/** What may be asked of a store, as far as somebody waits for it. */
const OPERATIONS = {
  clients: [
    'look',
    'list',
    'create',
    'bootstrap',
    'replace',
    'delete',
    'reinstate',
    'revoke',
    'revokeTokens',
    'revokeSecret',
  ],
  ledger: ['look', 'revokeToken'],
  keyRings: ['read', 'replace'],
} as const;

type Room = keyof typeof OPERATIONS;
export type StoreOperation = { [R in Room]: `${R}.${(typeof OPERATIONS)[R][number]}` }[Room];

/** Latency and failures of the store by what was asked, whichever store it is. */
export function makeStoreMetrics(registry: Registry): StoreObserver {
  const registers = [registry];
  const durations = new DurationHistogram({
    name: 'countersign_store_duration_seconds',
    help: 'How long the store took to answer, by operation.',
    buckets: DURATION_BUCKETS,
    registry,
  });
  const failures = new Counter({
    name: 'countersign_store_failures_total',
    help: 'Questions that the store did not answer for sure, by operation.',
    labelNames: ['operation'],
    registers,
  });
  const handles = new Map(
    Object.entries(OPERATIONS)
      .flatMap(([room, names]) => names.map((name) => `${room}.${name}`))
      .map((operation) => [operation, durations.labels({ operation })]),
  );
  for (const operation of handles.keys()) failures.inc({ operation }, 0);

  const took = (operation: StoreOperation, durationMs: number): void =>
    handles.get(operation)?.(durationMs / 1000);
  return {
    answered: took,
    failed: (operation, durationMs) => {
      took(operation, durationMs);
      failures.inc({ operation });
    },
  };
}

/**
 * The same store, with every question timed. What it measures includes waiting for the connection and the event loop,
 * as callers do.
 */
export function timeStore(store: Store, observer: StoreObserver): Store {
  const timed = <R extends Room>(room: R): Store[R] => {
    const port = boundCopyOf(store[room]);
    for (const name of OPERATIONS[room]) {
      const ask = port[name] as Question;
      port[name] = timeOne(`${room}.${name}` as StoreOperation, ask, observer);
    }
    return port as unknown as Store[R];
  };
  const copy = boundCopyOf(store) as unknown as Store;
  return { ...copy, clients: timed('clients'), ledger: timed('ledger'), keyRings: timed('keyRings') };
}

type Question = (...args: unknown[]) => Promise<unknown>;

/** A plain object with all of a port, wherever on its prototypes it is, each method bound to the original. */
function boundCopyOf(port: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (let owner: object = port; owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      if (name === 'constructor' || Object.hasOwn(copy, name)) continue;
      const value: unknown = Reflect.get(port, name);
      copy[name] = typeof value === 'function' ? value.bind(port) : value;
    }
  }
  return copy;
}

const timeOne =
  (operation: StoreOperation, ask: Question, observer: StoreObserver): Question =>
  (...args) => {
    const start = performance.now();
    return ask(...args).then(
      (answer) => {
        observer.answered(operation, performance.now() - start);
        return answer;
      },
      (err: unknown) => {
        const sure = err instanceof AuthError && err.code !== 'temporarily_unavailable';
        observer[sure ? 'answered' : 'failed'](operation, performance.now() - start);
        throw err;
      },
    );
  };
