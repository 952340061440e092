import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const LOOP_RESOLUTION_MS = 10;

/**
 * Measures this process: CPU, memory, open files, event loop, garbage collection. Answers how to end it. (prom-client's
 * own default metrics cannot be ended, and leave a timer behind for every registry there ever was.)
 */
export function observeProcess(registry: Registry): () => void {
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time spent, in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970.',
    aggregator: 'min',
    registers,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory held, in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'JavaScript heap in use, in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors, sockets included.',
    registers,
    collect() {
      const open = openFiles();
      if (open !== undefined) this.set(open);
    },
  });
  const stopLoop = observeEventLoop(registers);
  const stopCollector = observeGarbageCollection(registers);
  return () => {
    stopLoop();
    stopCollector();
  };
}

/** By how much the event loop kept timers waiting, since the scrape before. */
function observeEventLoop(registers: Registry[]): () => void {
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  // The sampling timer's own period is part of what is measured, and no delay.
  const seconds = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - LOOP_RESOLUTION_MS / 1000) : 0;
  const show = (what: string, value: () => number, done: () => void = () => undefined): void => {
    new Gauge({
      name: `nodejs_eventloop_delay_${what}_seconds`,
      help: `Delay of the event loop since the last scrape, in seconds: ${what}.`,
      aggregator: 'max',
      registers,
      collect() {
        this.set(delay.count === 0 ? 0 : seconds(value()));
        done();
      },
    });
  };
  show('p50', () => delay.percentile(50));
  show('p99', () => delay.percentile(99));
  // Collected in the order in which they were made: the last one begins anew.
  show(
    'max',
    () => delay.max,
    () => delay.reset(),
  );
  return () => delay.disable();
}

function observeGarbageCollection(registers: Registry[]): () => void {
  const pauses = new Counter({
    name: 'nodejs_gc_pause_seconds_total',
    help: 'Time spent collecting garbage, in seconds.',
    registers,
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) pauses.inc(entry.duration / 1000);
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

/** Undefined where the system does not tell. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
