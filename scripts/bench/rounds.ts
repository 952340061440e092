/** One thing to measure, and what it is measured against in the same run. */
export interface Case {
  readonly name: string;
  /** How many a second, by one load of bounded length. Fails when an answer was not the right one. */
  run(): Promise<number>;
}

/** A claim: this case over that one, at least so much. */
export interface Bar {
  readonly name: string;
  readonly of: string;
  readonly to: string;
  readonly least: number;
  readonly wanted: number;
}

export interface BarResult extends Bar {
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface Measured {
  readonly rates: ReadonlyMap<string, readonly number[]>;
  readonly bars: readonly BarResult[];
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
};

/**
 * Runs all cases in turn, round after round, the order turned by one each time: what slows this machine for a while
 * slows every case alike, and the ratios of one round can be trusted where its rates cannot.
 */
export async function measure(
  cases: readonly Case[],
  bars: readonly Bar[],
  rounds: number,
  progress: (text: string) => void,
): Promise<Measured> {
  const rates = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (const one of cases) await one.run();
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < cases.length; i += 1) {
      const one = cases[(i + round) % cases.length];
      if (one === undefined) continue;
      const rate = await one.run();
      rates.get(one.name)?.push(rate);
      progress(`round ${round + 1}/${rounds}  ${one.name}  ${Math.round(rate)}/s`);
    }
  }
  return { rates, bars: bars.map((bar) => judged(bar, rates)) };
}

/** The median of the rounds' own ratios, with their spread. */
function judged(bar: Bar, rates: ReadonlyMap<string, readonly number[]>): BarResult {
  const [of, to] = [rates.get(bar.of) ?? [], rates.get(bar.to) ?? []];
  const ratios = of.map((rate, round) => rate / (to[round] ?? Number.NaN));
  return { ...bar, ratio: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}
