import { expect } from 'chai';
import { Redis } from 'ioredis';
import { FailureLedger, SLOTS, slotOf } from '../../../src/adapters/throttle/failure-ledger.js';
import { makeLocalThrottle } from '../../../src/adapters/throttle/local-throttle.js';
import { type AskRedis, makeSharedThrottle } from '../../../src/adapters/throttle/shared-throttle.js';
import { sourceNetworkOf } from '../../../src/adapters/throttle/source-network.js';
import { FAILURE_LIMITS, type FailureThrottle } from '../../../src/domain/failure-throttle.js';
import { eventually } from '../../support/eventually.js';
import { manualClock } from '../../support/manual-clock.js';
import { freshPrefix, sharedRedis } from '../../support/redis.js';

const { perClientAndSource, perSource, windowMs } = FAILURE_LIMITS;

async function failTimes(
  throttle: FailureThrottle,
  times: number,
  clientId: string | undefined,
  source = '192.0.2.1',
): Promise<(number | undefined)[]> {
  const waits: (number | undefined)[] = [];
  for (let count = 0; count < times; count += 1) waits.push(await throttle.failed(clientId, source));
  return waits;
}

describe('the throttle of failures', () => {
  const clock = manualClock();

  /** What holds of one process and of all together alike. */
  const keepsCount = (make: () => FailureThrottle): void => {
    it(`lets ${perClientAndSource} failures pass and then asks for waits that double up to a minute`, async () => {
      const waits = await failTimes(make(), perClientAndSource + 9, 'orders');
      expect(waits.slice(0, perClientAndSource).every((wait) => wait === undefined)).to.equal(true);
      expect(waits.slice(perClientAndSource)).to.deep.equal([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    });

    it('does not hold the failures of one address against another', async () => {
      const throttle = make();
      await failTimes(throttle, 50, 'orders');
      expect(await throttle.failed('orders', '192.0.2.2')).to.equal(undefined);
    });

    it('does not hold the failures of one client against another behind the same address', async () => {
      const throttle = make();
      await failTimes(throttle, 50, 'orders');
      expect(slotOf('orders')).not.to.equal(slotOf('billing'));
      expect(await throttle.failed('billing', '192.0.2.1')).to.equal(undefined);
    });

    it(`bounds what one address may fail at by ${perSource}, with ever new ids or forged tokens`, async () => {
      for (const idOf of [(index: number) => `made-up-${index}`, () => undefined]) {
        const throttle = make();
        const waits: (number | undefined)[] = [];
        for (let index = 0; index <= perSource; index += 1) {
          waits.push(...(await failTimes(throttle, 1, idOf(index), '192.0.2.77')));
        }
        expect(waits.at(-1)).to.equal(1);
        expect(waits.slice(0, perClientAndSource).every((wait) => wait === undefined)).to.equal(true);
      }
    });
  };

  describe('of one process', () => {
    keepsCount(() => makeLocalThrottle({ clock }));

    it('forgets after a minute, and only that long after the wait that it asked for', async () => {
      const throttle = makeLocalThrottle({ clock });
      await failTimes(throttle, perClientAndSource, 'orders');
      clock.advance(windowMs);
      expect((await failTimes(throttle, perClientAndSource + 7, 'orders')).at(-1)).to.equal(60);
      clock.advance(60_000);
      expect(await throttle.failed('orders', '192.0.2.1')).to.equal(60);
      clock.advance(60_000 + windowMs);
      expect(await throttle.failed('orders', '192.0.2.1')).to.equal(undefined);
    });

    it('takes bounded memory for made-up addresses and ids', () => {
      const ledger = new FailureLedger();
      for (let index = 0; index < 50_000; index += 1) {
        ledger.add(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, slotOf(`id-${index}`), 0);
      }
      expect(ledger.size).to.equal(10_000);
    });

    it('spreads ids evenly over few counters, whether they exist or not', () => {
      const used = new Set(Array.from({ length: 2000 }, (_, index) => slotOf(`client-${index}`)));
      expect(used.size).to.equal(SLOTS);
    });
  });

  describe('of all servers together', () => {
    let redis: Redis;
    let prefix: string;
    const keyOf = (source: string): string => `{${prefix}}:failures:${source}`;
    const ask: AskRedis = async (commands) =>
      ((await redis.pipeline(commands as unknown[][]).exec()) ?? []).map(([err, reply]) => {
        if (err) throw err;
        return reply;
      });
    const server = (asking: AskRedis = ask): FailureThrottle =>
      makeSharedThrottle({ ask: asking, keyOf, clock });

    before(async () => {
      const { host, port } = await sharedRedis();
      redis = new Redis({ host, port });
    });
    beforeEach(() => {
      prefix = freshPrefix();
      clock.advance(10_000);
    });
    after(() => redis.disconnect());

    keepsCount(() => {
      prefix = freshPrefix();
      return server();
    });

    it('counts what failed at another server', async () => {
      // Redis is not waited for long, so on a machine that is busy a failure may be counted by one server alone.
      await eventually(async () => {
        await failTimes(server(), perClientAndSource, 'orders');
        expect(await server().failed('orders', '192.0.2.1')).to.be.at.least(1);
      });
    });

    it('asks Redis no more once an address is over its limit, so that a flood costs Redis nothing', async () => {
      let asked = 0;
      const throttle = server((commands) => {
        asked += 1;
        return ask(commands);
      });
      await failTimes(throttle, 5000, 'orders');
      expect(asked).to.be.at.most(perClientAndSource + 1);
    });

    it('keeps one small key for each address, which expires by itself', async () => {
      const throttle = server();
      for (let index = 0; index < 1000; index += 1) await throttle.failed(`id-${index}`, '192.0.2.1');
      const keys = await redis.keys(`{${prefix}}:*`);
      expect(keys).to.deep.equal([keyOf('192.0.2.1')]);
      expect(await redis.hlen(keyOf('192.0.2.1'))).to.be.at.most(SLOTS + 1);
      expect(await redis.pttl(keyOf('192.0.2.1'))).to.be.within(1, windowMs + 61_000);
      expect(await redis.memory('USAGE', keyOf('192.0.2.1'))).to.be.lessThan(2048);
    });

    it('asks Redis only so often, however many addresses fail, and then counts for itself', async () => {
      let asked = 0;
      const throttle = server((commands) => {
        asked += 1;
        return ask(commands);
      });
      for (let index = 0; index < 1000; index += 1) await throttle.failed('orders', `2001:db8:0:${index}::1`);
      expect(asked).to.equal(200);
      expect((await failTimes(throttle, perClientAndSource + 1, 'orders', '192.0.2.8')).at(-1)).to.equal(1);
      clock.advance(1000);
      await throttle.failed('orders', '192.0.2.9');
      expect(asked).to.equal(201);
    });

    it('counts for itself while Redis refuses or is silent, and does not keep asking', async () => {
      let asked = 0;
      const broken: AskRedis[] = [
        () => Promise.reject(new Error('gone')),
        () => new Promise(() => undefined),
        async () => [new Error('LOADING')],
      ];
      for (const one of broken) {
        asked = 0;
        const throttle = server((commands) => {
          asked += 1;
          return one(commands);
        });
        expect((await failTimes(throttle, perClientAndSource + 1, 'orders')).at(-1)).to.equal(1);
        expect(asked).to.equal(1);
        clock.advance(2000);
        await throttle.failed('billing', '192.0.2.9');
        expect(asked).to.equal(2);
      }
    });
  });
});

describe('whom failures are counted against', () => {
  it('is the address for IPv4, and the network of 64 bits for IPv6', () => {
    expect(sourceNetworkOf('192.0.2.1')).to.equal('192.0.2.1');
    expect(sourceNetworkOf('::ffff:192.0.2.1')).to.equal('192.0.2.1');
    expect(sourceNetworkOf('2001:db8:1:2:3:4:5:6')).to.equal('2001:db8:1:2::');
    expect(sourceNetworkOf('2001:DB8:1:2::9')).to.equal('2001:db8:1:2::');
    expect(sourceNetworkOf('2001:0db8::')).to.equal('2001:db8:0:0::');
    expect(sourceNetworkOf('::1')).to.equal('0:0:0:0::');
    expect(sourceNetworkOf('fe80::1%eth0')).to.equal('fe80:0:0:0::');
    expect(sourceNetworkOf('64:ff9b::192.0.2.33')).to.equal('64:ff9b:0:0::');
  });

  it('is one and the same for everything that is no address', () => {
    for (const odd of ['', 'unix', '1.2.3', '{x}:y', 'a'.repeat(10_000)]) {
      expect(sourceNetworkOf(odd)).to.equal('elsewhere');
    }
  });
});
