import { type Arena, type ArenaOptions, startArena } from './arena.js';
import { type Bounds, check, DEFAULT_BOUNDS } from './checker.js';
import type { History, Operation } from './history.js';
import { finalPass, type Load, type LoadOptions, startLoad } from './load.js';
import { atLeast, type Figure, type ScenarioResult, type ScenarioRun, told } from './scenario.js';
import { type CrewOptions, startVerifiers, type VerifierCrew } from './verifiers.js';

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Where harm is done: servers, those who call them, and those who follow them. */
export interface Ground {
  readonly arena: Arena;
  readonly load: Load;
  readonly crew: VerifierCrew;
}

export interface JudgedOptions extends Omit<ArenaOptions, 'run'> {
  readonly load?: LoadOptions;
  readonly crew?: CrewOptions;
  readonly bounds?: Bounds;
  /** False where the store does not come back: then nothing is asked for the last time. */
  readonly recovers?: boolean;
}

/** Does harm under load between two times of peace, asks about everything once it is over, and judges all of it. */
export async function judged(
  run: ScenarioRun,
  options: JudgedOptions,
  harm: (ground: Ground) => Promise<readonly Figure[]>,
): Promise<ScenarioResult> {
  const { bounds = DEFAULT_BOUNDS, recovers = true } = options;
  const arena = await startArena({ ...options, run });
  let crew: VerifierCrew | undefined;
  let load: Load | undefined;
  try {
    load = startLoad(arena, options.load);
    crew = await startVerifiers(arena, load.issued, options.crew);
    await sleep(1000);
    const figures = await harm({ arena, load, crew });
    if (recovers) {
      await arena.allReady();
      await sleep(500);
    }
    await load.stop();
    await crew.stop();
    const last = recovers ? { finalFromMs: await finalPass(arena, load.issued) } : {};
    const history = arena.recorder.history();
    return {
      figures: [...figures, ...callFigures(history)],
      violations: check(history, { ...bounds, ...last }),
    };
  } finally {
    await load?.stop();
    await crew?.stop();
    await arena.stop();
  }
}

/** How many calls there were, how they ended, and how long they took. */
export function callFigures({ operations }: History): readonly Figure[] {
  const calls = operations.filter(({ kind }) => kind !== 'verify');
  const took = calls.map(({ sentMs, answeredMs }) => answeredMs - sentMs);
  const revoked = calls.filter(isAnsweredRevocation).length;
  return [
    told('calls', `${calls.length}: ${endings(calls)}`),
    told('calls took', `p50 ${quantile(took, 0.5)} ms, p99 ${quantile(took, 0.99)} ms`),
    ...(operations.length > calls.length
      ? [told('checked by verifiers', endings(operations.filter(({ kind }) => kind === 'verify')))]
      : []),
    atLeast('revocations answered', revoked, 10),
  ];
}

export const isAnsweredRevocation = ({ kind, outcome }: Operation): boolean =>
  kind.startsWith('revoke') && outcome.kind === 'ok';

/** How calls ended, counted. */
export function endings(operations: readonly Operation[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of operations) {
    const name =
      outcome.kind === 'ok'
        ? (outcome.verdict ?? 'ok')
        : outcome.kind === 'refused'
          ? outcome.code
          : `unknown (${outcome.why})`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}

/** Rounded to a tenth; 0 of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
}

/** Operations that were sent within a time. */
export const sentWithin = (history: History, fromMs: number, toMs: number): readonly Operation[] =>
  history.operations.filter(({ sentMs }) => sentMs >= fromMs && sentMs <= toMs);

/** No service is waited for longer than that. */
const RECOVERS_WITHIN_MS = 20_000;

/**
 * How long after an instant the first call that was sent since succeeded, in ms; waits for it, as a server that has just
 * become ready may have answered nobody yet. Infinity: none did in time.
 */
export async function recoveryMs(arena: Arena, sinceMs: number): Promise<number> {
  for (;;) {
    const first = arena.recorder
      .history()
      .operations.find(
        ({ kind, outcome, sentMs }) => kind !== 'verify' && outcome.kind === 'ok' && sentMs > sinceMs,
      );
    if (first !== undefined) return first.answeredMs - sinceMs;
    if (performance.now() - sinceMs > RECOVERS_WITHIN_MS) return Number.POSITIVE_INFINITY;
    await sleep(50);
  }
}
