/** One thing to measure, beside others. */
export interface Case {
  readonly name: string;
  /** How many a second, by one load of bounded length. Fails when an answer was not the right one. */
  run(): Promise<number>;
}

/** How many a second, by case, one value for each round. */
export type Rates = ReadonlyMap<string, readonly number[]>;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
};

/**
 * Runs all cases in turn, round after round, the order turned by one each time: what slows this machine for a while
 * slows every case alike, and the ratios of one round can be trusted where its rates cannot. A first round that does
 * not count warms everything up. A case that had a wrong answer is run anew, twice at most, and that is told: on a
 * machine that others stop for a while, deadlines run out.
 */
export async function measure(
  cases: readonly Case[],
  rounds: number,
  progress: (text: string) => void,
): Promise<Rates> {
  const rates = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (const one of cases) await anew(one, progress);
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < cases.length; i += 1) {
      const one = cases[(i + round) % cases.length];
      if (one === undefined) continue;
      const rate = await anew(one, progress);
      rates.get(one.name)?.push(rate);
      progress(`round ${round + 1}/${rounds}  ${one.name}  ${Math.round(rate)}/s`);
    }
  }
  return rates;
}

/** Runs a case, and again where an answer was wrong. */
export async function anew(one: Case, progress: (text: string) => void, attempts = 3): Promise<number> {
  try {
    return await one.run();
  } catch (err) {
    if (attempts === 1) throw err;
    progress(`${one.name} is run anew: ${String(err)}`);
    return anew(one, progress, attempts - 1);
  }
}

/** One case over another, round by round. */
export function ratiosOf(rates: Rates, of: string, to: string): readonly number[] {
  const below = rates.get(to) ?? [];
  return (rates.get(of) ?? []).map((rate, round) => rate / (below[round] ?? Number.NaN));
}
