import type { RootHookObject } from 'mocha';
import { assertNoLeaks } from './log-watch.js';
import { madeSecrets, rememberSecrets } from './made-secrets.js';
import { sharedRedisIfStarted, stopSharedRedis } from './redis.js';
import { redisBinary, redisIsInstalled } from './redis-binary.js';
import { dumpRedis } from './redis-dump.js';

const INSTALL_DEADLINE_MS = 300_000;
const DUMP_DEADLINE_MS = 120_000;

rememberSecrets();

/**
 * Root hooks of every run. Installing Redis may take minutes and so is done here, before any test's own deadline runs;
 * where it fails, the suites that need one say so. At the end nothing that was secret in any test may be found in a
 * log, or on the Redis that the suites share.
 */
export const mochaHooks: RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    if (process.env.COUNTERSIGN_TEST_REDIS || (await redisIsInstalled())) return;
    this.timeout(INSTALL_DEADLINE_MS);
    await redisBinary().catch(() => undefined);
  },
  async afterAll(this: Mocha.Context) {
    this.timeout(DUMP_DEADLINE_MS);
    try {
      await assertNoSecretsStored();
    } finally {
      await stopSharedRedis();
    }
    assertNoLeaks();
  },
};

async function assertNoSecretsStored(): Promise<void> {
  const place = await sharedRedisIfStarted();
  if (place === undefined) return;
  const found: string[] = [];
  for await (const { name, content } of dumpRedis(place)) {
    for (const secret of madeSecrets.find(content)) found.push(`${name} holds a ${secret}`);
  }
  if (found.length > 0) throw new Error(`Redis holds secrets:\n${found.slice(0, 10).join('\n')}`);
}
