import { type FailureThrottle, waitSecondsAfter } from '../../domain/failure-throttle.js';
import type { Clock } from '../../domain/ports.js';
import { FailureLedger, slotOf } from './failure-ledger.js';
import { sourceNetworkOf } from './source-network.js';

/** Ids longer than any that exists are told apart by no more than this. */
const HASHED_CHARACTERS = 64;

/** Counts the failures of this process alone. */
export function makeLocalThrottle({ clock }: { readonly clock: Clock }): FailureThrottle {
  const ledger = new FailureLedger();
  return {
    async failed(clientId, sourceAddress) {
      const { source, slot } = placeOf(clientId, sourceAddress);
      return waitSecondsAfter(ledger.add(source, slot, clock.monotonic()));
    },
  };
}

/** Where a failure is counted. */
export function placeOf(
  clientId: string | undefined,
  sourceAddress: string,
): { readonly source: string; readonly slot: number | undefined } {
  return {
    source: sourceNetworkOf(sourceAddress),
    slot: clientId === undefined ? undefined : slotOf(clientId.slice(0, HASHED_CHARACTERS)),
  };
}
