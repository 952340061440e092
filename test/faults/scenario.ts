import type { Violation } from './checker.js';
import type { Witness } from './witness.js';

/** A figure beside what it must be. */
export interface Figure {
  readonly what: string;
  readonly seen: string;
  /** In words; empty for a figure that is only told. */
  readonly mustBe: string;
  readonly holds: boolean;
}

export interface ScenarioResult {
  readonly figures: readonly Figure[];
  readonly violations: readonly Violation[];
}

export interface ScenarioRun {
  readonly seed: number;
  /** True in CI: seconds rather than minutes, the same checks. */
  readonly quick: boolean;
  /** Sees what no call shows; every server of a scenario is shown to it. */
  readonly witness: Witness;
  progress(text: string): void;
}

/** One fault, done to real processes and judged by the oracle. */
export interface Scenario {
  readonly name: string;
  /** What is done, in one line, for the report. */
  readonly what: string;
  /** The lines of the plan that it is about. */
  readonly covers: readonly number[];
  /** Whether it is quick enough for CI's set. */
  readonly inQuickSet: boolean;
  /** What a server may grow by, in MB, where it is not the usual: it finds its level higher at thousands of calls a second. */
  readonly mostGrowthMb?: number;
  run(run: ScenarioRun): Promise<ScenarioResult>;
}

export const atMost = (what: string, seen: number, most: number, unit = ''): Figure => ({
  what,
  seen: `${Math.round(seen * 10) / 10}${unit}`,
  mustBe: `at most ${most}${unit}`,
  holds: seen <= most,
});

export const atLeast = (what: string, seen: number, least: number, unit = ''): Figure => ({
  what,
  seen: `${Math.round(seen * 10) / 10}${unit}`,
  mustBe: `at least ${least}${unit}`,
  holds: seen >= least,
});

export const told = (what: string, seen: string | number): Figure => ({
  what,
  seen: String(seen),
  mustBe: '',
  holds: true,
});
