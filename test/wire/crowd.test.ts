import { expect } from 'chai';
import { temporarilyUnavailable } from '../../src/domain/errors.js';
import { Crowd } from '../../src/wire/crowd.js';

const LIMITS = { maxCalls: 2, reserve: 1, maxWaiting: 2, maxWaitMs: 60_000 };
const codeOf = (waiting: Promise<void>): Promise<string> =>
  waiting.then(
    () => 'in',
    (error: { code: string }) => error.code,
  );

describe('calls beyond what a server can do at once', () => {
  it('wait in line and come in one by one, in their order', async () => {
    const crowd = new Crowd(LIMITS);
    expect([crowd.enter(false), crowd.enter(false), crowd.enter(false)]).to.deep.equal([true, true, false]);
    const order: string[] = [];
    const lined = ['first', 'second'].map((name) => crowd.wait(false).then(() => order.push(name)));
    crowd.leave();
    await lined[0];
    expect(order).to.deep.equal(['first']);
    // A place that is free again belongs to the one in line, not to who comes now.
    expect(crowd.enter(false)).to.equal(false);
    crowd.leave();
    await lined[1];
    expect(order).to.deep.equal(['first', 'second']);
  });

  it('hold up no revocation', () => {
    const crowd = new Crowd(LIMITS);
    while (crowd.enter(false));
    void crowd.wait(false);
    expect(crowd.enter(true)).to.equal(true);
  });

  it('let revocations that found no room in before all others', async () => {
    const crowd = new Crowd(LIMITS);
    while (crowd.enter(false));
    while (crowd.enter(true));
    const order: string[] = [];
    const called = crowd.wait(false).then(() => order.push('a call'));
    const revoked = crowd.wait(true).then(() => order.push('a revocation'));
    crowd.leave();
    await revoked;
    expect(order).to.deep.equal(['a revocation']);
    crowd.leave();
    crowd.leave();
    await called;
  });

  it('turn away who comes when the line is full, or has waited for long already, but no revocation', async () => {
    const full = new Crowd({ ...LIMITS, maxWaiting: 1 });
    const slow = new Crowd({ ...LIMITS, maxWaitMs: -1 });
    for (const crowd of [full, slow]) {
      while (crowd.enter(false));
      expect(crowd.isTurningAway).to.equal(false);
      const lined = crowd.wait(false).catch(() => undefined);
      expect(crowd.isTurningAway).to.equal(true);
      expect(await codeOf(crowd.wait(false))).to.equal('slow_down');
      expect(crowd.enter(true)).to.equal(true);
      const urgent = crowd.wait(true);
      crowd.leave(temporarilyUnavailable());
      expect(await codeOf(urgent)).to.equal('temporarily_unavailable');
      await lined;
      expect(crowd.isTurningAway).to.equal(false);
    }
  });

  it('are told to slow down when the line is full, or when they have waited too long', async () => {
    const crowd = new Crowd({ ...LIMITS, maxWaitMs: -1 });
    while (crowd.enter(false));
    const lined = [crowd.wait(false), crowd.wait(false)];
    expect(await codeOf(crowd.wait(false))).to.equal('slow_down');
    crowd.leave();
    expect(await Promise.all(lined.map(codeOf))).to.deep.equal(['slow_down', 'slow_down']);
  });

  it('do not wait for a store that does not answer', async () => {
    const crowd = new Crowd(LIMITS);
    while (crowd.enter(false));
    const lined = [crowd.wait(false), crowd.wait(false)];
    crowd.leave(temporarilyUnavailable());
    expect(await Promise.all(lined.map(codeOf))).to.deep.equal(lined.map(() => 'temporarily_unavailable'));
  });

  it('leave no place taken and nobody forgotten, however many there were', async () => {
    const crowd = new Crowd({ ...LIMITS, maxWaiting: 10_000 });
    while (crowd.enter(false));
    let came = 0;
    const all = Array.from({ length: 5000 }, async () => {
      await crowd.wait(false);
      came += 1;
      await undefined;
      crowd.leave();
    });
    crowd.leave();
    crowd.leave();
    await Promise.all(all);
    expect(came).to.equal(5000);
    expect([crowd.enter(false), crowd.enter(false), crowd.enter(false)]).to.deep.equal([true, true, false]);
  });
});
