import type { RootHookObject } from 'mocha';

/** How long a run may take to end once its last test has. */
const GRACE_MS = 15_000;

/** A run must end by itself: whatever a test or the code under test left open is a leak, and is named. */
export const mochaHooks: RootHookObject = {
  afterAll() {
    setTimeout(() => {
      const left = process.getActiveResourcesInfo().join(', ');
      process.stderr.write(`\nThe run does not end by itself; still open: ${left}\n`);
      process.exit(1);
    }, GRACE_MS).unref();
  },
};
