import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { Link } from '../../../src/adapters/redis/link.js';
import { openClient } from '../../../src/adapters/redis/open-client.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, startSentinel, type TestRedis } from '../../support/redis.js';

describe('a connection found through Sentinels', () => {
  const started: TestRedis[] = [];
  let link: Link;
  after(async () => {
    link.close();
    await Promise.all(started.map((one) => one.stop()));
  });

  it('survives being renewed at any moment, while it is being made too', async function () {
    this.timeout(40_000);
    const master = await startRedis();
    started.push(master);
    const sentinel = await startSentinel(master, 'main');
    started.push(sentinel);
    const client = openClient('ordinary', {
      target: {
        kind: 'sentinel',
        sentinels: [{ host: sentinel.host, port: sentinel.port }],
        masterName: 'main',
        tls: false,
        username: undefined,
        password: undefined,
      },
      ca: undefined,
    }) as Redis;
    link = new Link(client, { deadlineMs: 250, maxInFlight: 10 });
    await link.connected(5000);
    for (const moment of ['ready', 'close', 'reconnecting', 'connecting', 'connect'] as const) {
      const renewed = new Promise<void>((resolve) => {
        client.once(moment, () => {
          link.renew();
          resolve();
        });
      });
      link.renew();
      await renewed;
      await eventually(async () => {
        expect(await link.ask([['ping']]), `renewed at ${moment}`).to.deep.equal(['PONG']);
      }, 5000);
    }
  });
});
