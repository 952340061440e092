import type { KeyPolicy } from './key-life.js';
import { CLOCK_TOLERANCE_SECONDS } from './token.js';

/** How long each part of a signing key's life lasts, in seconds, as an operator sets it. */
export interface KeyLifeSettings {
  readonly periodSeconds: number;
  readonly leadSeconds: number;
  readonly overlapSeconds: number;
}

/** What the life of keys has to respect. */
export interface KeyLifeBounds {
  /** How long verifiers may keep the key set. */
  readonly refreshAfterSeconds: number;
  readonly maxTokenTtlSeconds: number;
  /** {@link KEY_MARGIN_SECONDS}, unless in a trial that turns keys over in seconds. */
  readonly marginSeconds?: number;
}

/**
 * Room for what the times cannot know of: clocks of the store's machines up to a minute apart, a server that signs by a
 * ring read seconds ago, a refresh that has to be tried again.
 */
export const KEY_MARGIN_SECONDS = 60;

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3600;

/**
 * Safe settings: 30 days, and at least an hour of lead. The overlap is never below the default ceiling of a token's
 * life, because tokens may be about from before that ceiling was lowered, and a public key costs nothing to keep.
 */
export const defaultKeyLife = (bounds: KeyLifeBounds): KeyLifeSettings => ({
  periodSeconds: 30 * DAY_SECONDS,
  leadSeconds: Math.max(HOUR_SECONDS, minLeadSeconds(bounds)),
  overlapSeconds: minOverlapSeconds({
    ...bounds,
    maxTokenTtlSeconds: Math.max(bounds.maxTokenTtlSeconds, DAY_SECONDS),
  }),
});

/** One reason why settings are impossible. */
export interface KeyLifeFault {
  readonly setting: 'PERIOD' | 'LEAD' | 'OVERLAP';
  readonly problem: string;
}

/** Everything that makes the settings impossible; empty when they are good. */
export function keyLifeFaults(settings: KeyLifeSettings, bounds: KeyLifeBounds): readonly KeyLifeFault[] {
  const { periodSeconds, leadSeconds, overlapSeconds } = settings;
  const faults: KeyLifeFault[] = [];
  const leadFloor = minLeadSeconds(bounds);
  if (leadSeconds < leadFloor) {
    faults.push({
      setting: 'LEAD',
      problem: `must be at least ${leadFloor}: verifiers may keep the key set for ${bounds.refreshAfterSeconds} s`,
    });
  }
  const overlapFloor = minOverlapSeconds(bounds);
  if (overlapSeconds < overlapFloor) {
    faults.push({
      setting: 'OVERLAP',
      problem: `must be at least ${overlapFloor}: tokens may live for ${bounds.maxTokenTtlSeconds} s`,
    });
  }
  if (periodSeconds <= leadSeconds) {
    faults.push({ setting: 'PERIOD', problem: `must be longer than the lead of ${leadSeconds} s` });
  }
  return faults;
}

export const keyPolicyFrom = ({
  periodSeconds,
  leadSeconds,
  overlapSeconds,
}: KeyLifeSettings): KeyPolicy => ({
  periodMs: periodSeconds * 1000,
  leadMs: leadSeconds * 1000,
  overlapMs: overlapSeconds * 1000,
});

const marginOf = ({ marginSeconds = KEY_MARGIN_SECONDS }: KeyLifeBounds): number => marginSeconds;

const minLeadSeconds = (bounds: KeyLifeBounds): number => bounds.refreshAfterSeconds + marginOf(bounds);

const minOverlapSeconds = (bounds: KeyLifeBounds): number =>
  bounds.maxTokenTtlSeconds + CLOCK_TOLERANCE_SECONDS + marginOf(bounds);
