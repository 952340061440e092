import type { Clock } from '../../src/domain/ports.js';

/** The machine's own clock, for tests in which time must really pass at the other end of a connection. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
