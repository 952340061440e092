import type { CallObserver } from '../wire/call-observer.js';

/** One observer that tells several, leaving out those that there are not. */
export function allObservers(...observers: readonly (CallObserver | undefined)[]): CallObserver {
  const told = observers.filter((observer) => observer !== undefined);
  return {
    finished(call, outcome) {
      for (const observer of told) observer.finished(call, outcome);
    },
    turnedAway(rpc, door) {
      for (const observer of told) observer.turnedAway?.(rpc, door);
    },
  };
}
