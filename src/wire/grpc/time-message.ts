/** A point in time as the stubs have it, which become a Timestamp; undefined stays unset. */
export function dateOf(timeMs: number): Date;
export function dateOf(timeMs: number | undefined): Date | undefined;
export function dateOf(timeMs: number | undefined): Date | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs);
}

/** For times in whole seconds since 1970. */
export const dateOfSeconds = (seconds: number): Date => new Date(seconds * 1000);
