import { auditTrailContract } from './audit-trail.js';
import type { MakeBackend } from './bench.js';
import { clientRecordsContract } from './client-records.js';
import { feedContract } from './feed.js';
import { keyRingsContract } from './key-rings.js';
import { racesContract } from './races.js';
import { revocationsContract } from './revocations.js';

/** Everything that `domain/ports.ts` promises of a store, as suites that every backend must pass. */
export function storeContract(name: string, makeBackend: MakeBackend): void {
  describe(`${name} keeps the contract of stores:`, () => {
    for (const contract of [
      clientRecordsContract,
      revocationsContract,
      racesContract,
      keyRingsContract,
      feedContract,
      auditTrailContract,
    ]) {
      contract(makeBackend);
    }
  });
}
