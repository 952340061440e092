/** What a series of paired differences says, in the unit in which they were measured. */
export interface Comparison {
  readonly pairs: number;
  readonly median: number;
  readonly otherMedian: number;
  /** The median of the differences within the pairs. */
  readonly difference: number;
  /** In which that median lies 95 times of 100, by bootstrap. */
  readonly interval: readonly [low: number, high: number];
  /** Of the Wilcoxon signed-rank test, two-sided: how likely so lopsided a series is where there is no difference. */
  readonly p: number;
}

const RESAMPLES = 2000;

/**
 * Compares two series measured in pairs: `values[i]` and `others[i]` belong together.
 *
 * @param random from 0 up to 1, for drawing the resamples
 */
export function compare(
  values: readonly number[],
  others: readonly number[],
  random: () => number,
): Comparison {
  const differences = Float64Array.from(values, (value, index) => value - (others[index] ?? Number.NaN));
  return {
    pairs: differences.length,
    median: medianOf(values),
    otherMedian: medianOf(others),
    difference: medianOf(differences),
    interval: bootstrapMedian(differences, random),
    p: wilcoxonP(differences),
  };
}

export function medianOf(values: ArrayLike<number>): number {
  return middleOf(Float64Array.from(values).sort());
}

function middleOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The percentile interval of the median: as many values drawn with replacement, again and again. */
function bootstrapMedian(values: Float64Array, random: () => number): readonly [number, number] {
  const sorted = Float64Array.from(values).sort();
  const count = sorted.length;
  const drawn = new Uint32Array(count);
  const medians = Float64Array.from({ length: RESAMPLES }, () => {
    // Of sorted values only how often each was drawn matters, which saves sorting every resample.
    drawn.fill(0);
    for (let i = 0; i < count; i += 1) {
      const place = Math.floor(random() * count);
      drawn[place] = (drawn[place] ?? 0) + 1;
    }
    let left = (count + 1) >> 1;
    let place = -1;
    while (left > 0) {
      place += 1;
      left -= drawn[place] ?? 0;
    }
    return sorted[place] ?? Number.NaN;
  }).sort();
  return [medians[Math.floor(RESAMPLES * 0.025)] ?? 0, medians[Math.floor(RESAMPLES * 0.975)] ?? 0];
}

/** By the normal approximation, with mean ranks for ties; zero differences are left out. */
export function wilcoxonP(differences: ArrayLike<number>): number {
  const nonZero = Array.from(differences).filter((value) => value !== 0);
  const ordered = nonZero.sort((a, b) => Math.abs(a) - Math.abs(b));
  const count = ordered.length;
  if (count === 0) return 1;
  let positive = 0;
  let ties = 0;
  for (let start = 0; start < count; ) {
    let end = start + 1;
    while (end < count && Math.abs(ordered[end] ?? 0) === Math.abs(ordered[start] ?? 0)) end += 1;
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i += 1) if ((ordered[i] ?? 0) > 0) positive += rank;
    ties += (end - start) ** 3 - (end - start);
    start = end;
  }
  const expected = (count * (count + 1)) / 4;
  const variance = (count * (count + 1) * (2 * count + 1)) / 24 - ties / 48;
  return 2 * normalTail(Math.abs(positive - expected) / Math.sqrt(variance));
}

/** How likely a standard normal value above `z` (0 or more) is: Abramowitz and Stegun 26.2.17, within 1e-7. */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const factors = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];
  const series = factors.reduce((sum, factor) => (sum + factor) * t, 0);
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}
