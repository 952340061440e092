import { expect } from 'chai';
import type { RedisEvent } from '../../../src/adapters/redis/connect.js';
import { clientId } from '../../support/records.js';
import { sharedRedis } from '../../support/redis.js';
import { openFoundedStore } from '../../support/redis-store.js';

/** Keeps this process from doing anything else, as a long collection of garbage does, or a machine with no time for us. */
function standStill(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    // Nothing may run, timers and sockets included: that is the point.
  }
}

describe('a process that stood still', () => {
  it('reads what Redis has said meanwhile before it calls the connection dead', async () => {
    const lost: RedisEvent[] = [];
    const store = await openFoundedStore(await sharedRedis(), {
      onEvent: (event) => {
        if (event.kind === 'lost') lost.push(event);
      },
    });
    try {
      for (let round = 0; round < 3; round += 1) {
        const looks = [1, 2, 3].map((n) => store.clients.look(clientId(`c${n}`)));
        // Let the looks go out, and stand still for longer than any silence is borne.
        await new Promise((resolve) => setImmediate(resolve));
        standStill(900);
        for (const { generation } of await Promise.all(looks)) expect(generation).to.equal(0);
      }
      expect(lost).to.deep.equal([]);
    } finally {
      await store.close();
    }
  });
});
