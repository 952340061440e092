import type { Histogram, Registry } from 'prom-client';

/** Takes one duration, in seconds. */
export type Observe = (seconds: number) => void;

/**
 * A Prometheus histogram of durations that prom-client serves and joins like its own, and that costs a call 0.03 µs
 * instead of 0.36: prom-client's finds its labels anew, as text, at every observation, even on a handle kept.
 */
export class DurationHistogram {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #series: Series[] = [];

  constructor(options: {
    readonly name: string;
    readonly help: string;
    /** Upper bounds in seconds, rising; one without end is added. */
    readonly buckets: readonly number[];
    readonly registry: Registry;
  }) {
    const { name, help, buckets, registry } = options;
    this.#name = name;
    this.#bounds = buckets;
    const described = { name, help, type: 'histogram', aggregator: 'sum' };
    const get = async (): Promise<object> => ({ ...described, values: this.#read() });
    // All that a registry does with a metric is to read it.
    registry.registerMetric({ ...described, get } as unknown as Histogram);
  }

  /** The series with these labels; to be asked for once each. */
  labels(labels: Readonly<Record<string, string>>): Observe {
    const bounds = this.#bounds;
    const series: Series = { labels, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
    this.#series.push(series);
    const { counts } = series;
    return (seconds) => {
      let bucket = 0;
      while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      series.sum += seconds;
    };
  }

  /** Every bucket counts those below it too, as Prometheus has it. A series shows from its first observation on. */
  #read(): readonly object[] {
    return this.#series.flatMap(({ labels, counts, sum }) => {
      let total = 0;
      const buckets = counts.map((count, index) => {
        total += count;
        return this.#value('_bucket', { le: this.#bounds[index] ?? '+Inf', ...labels }, total);
      });
      if (total === 0) return [];
      return [...buckets, this.#value('_sum', labels, sum), this.#value('_count', labels, total)];
    });
  }

  #value(suffix: string, labels: object, value: number): object {
    return { metricName: `${this.#name}${suffix}`, labels, value };
  }
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** One for each bound, and one for what is above them all. */
  readonly counts: number[];
  sum: number;
}
