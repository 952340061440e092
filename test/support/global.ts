import type { RootHookObject } from 'mocha';
import { assertNoLeaks } from './log-watch.js';
import { stopSharedRedis } from './redis.js';
import { redisBinary, redisIsInstalled } from './redis-binary.js';

const INSTALL_DEADLINE_MS = 300_000;

/**
 * Root hooks of every run. Installing Redis may take minutes and so is done here, before any test's own deadline runs;
 * where it fails, the suites that need one say so.
 */
export const mochaHooks: RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    if (process.env.COUNTERSIGN_TEST_REDIS || (await redisIsInstalled())) return;
    this.timeout(INSTALL_DEADLINE_MS);
    await redisBinary().catch(() => undefined);
  },
  async afterAll() {
    await stopSharedRedis();
    assertNoLeaks();
  },
};
