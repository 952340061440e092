import { AggregatorRegistry, Registry } from 'prom-client';
import type { CallObserver } from '../wire/call-observer.js';
import { makeCallMetrics } from './call-metrics.js';
import { observeProcess } from './process-metrics.js';
import { type StateSources, showState } from './state-metrics.js';
import { makeStoreMetrics, type StoreObserver } from './store-metrics.js';

/** One process's metrics, as they travel to the process that serves them for all. */
export type MetricsSnapshot = readonly object[];

/** All metrics of one process, on a registry of their own. */
export interface Metrics {
  /** To be told of every call; costs about a microsecond. */
  readonly observer: CallObserver;
  /** To be told of every question to the store. */
  readonly store: StoreObserver;
  /** What is asked for its state at each scrape; to be called once, when it exists. */
  show(sources: StateSources): void;
  /** Prometheus' text format. */
  render(): Promise<string>;
  /** As plain data, for {@link renderTogether}. */
  snapshot(): Promise<MetricsSnapshot>;
  /** Ends the measuring of the process itself. */
  close(): void;
}

/**
 * Names, units and types follow Prometheus' conventions. Every label has a closed set of values: never a client id, an
 * address or anything else that a caller could invent, so that nobody can fill the memory of whoever scrapes.
 */
export function makeMetrics(): Metrics {
  const registry = new Registry();
  const stopObserving = observeProcess(registry);
  return {
    observer: makeCallMetrics(registry),
    store: makeStoreMetrics(registry),
    show: (sources) => showState(registry, sources),
    render: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
    close: stopObserving,
  };
}

/** The metrics of several processes that share the ports, summed or otherwise joined as each metric says. */
export const renderTogether = (snapshots: readonly MetricsSnapshot[]): Promise<string> =>
  AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot])).metrics();
