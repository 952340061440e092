import { expect } from 'chai';
import { makeLocalQuota } from '../../../src/adapters/throttle/local-quota.js';
import { manualClock } from '../../support/manual-clock.js';
import { clientId } from '../../support/records.js';

describe('the quota on issuing', () => {
  it('gives a minute its number of tokens, at once or spread, and says when there is one again', () => {
    const clock = manualClock();
    const quota = makeLocalQuota({ perMinute: 6, clock });
    const a = clientId('a');
    for (let count = 0; count < 6; count += 1) expect(quota.take(a)).to.equal(undefined);
    expect(quota.take(a)).to.equal(10);
    clock.advance(4000);
    expect(quota.take(a)).to.equal(6);
    clock.advance(6000);
    expect(quota.take(a)).to.equal(undefined);
    expect(quota.take(a)).to.equal(10);
    clock.advance(3_600_000);
    for (let count = 0; count < 6; count += 1) expect(quota.take(a)).to.equal(undefined);
    expect(quota.take(a)).to.equal(10);
  });

  it('is counted for each client by itself', () => {
    const quota = makeLocalQuota({ perMinute: 1, clock: manualClock() });
    expect(quota.take(clientId('a'))).to.equal(undefined);
    expect(quota.take(clientId('a'))).to.equal(60);
    expect(quota.take(clientId('b'))).to.equal(undefined);
  });
});
