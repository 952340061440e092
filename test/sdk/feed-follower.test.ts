import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { makeAuthorizer } from '../../src/sdk/authorizer.js';
import { Endpoints } from '../../src/sdk/endpoints.js';
import type { CountersignError } from '../../src/sdk/errors.js';
import { FeedFollower } from '../../src/sdk/feed-follower.js';
import { type FakeFeed, FakeService, Refusal, refuseUnavailable } from './fake-service.js';
import { clientAt } from './revocations.js';
import { type TimedClock, timedClock } from './timed-clock.js';
import { until } from './until.js';

describe('FeedFollower', () => {
  let service: FakeService;
  let clock: TimedClock;
  let follower: FeedFollower;
  let told: { merged: number; confirmed: number; resync: string[]; ended: CountersignError[] };

  beforeEach(async () => {
    service = await FakeService.start();
    clock = timedClock();
    follower = followerOf([service.address]);
  });

  afterEach(() => {
    follower.close();
    service.stop();
  });

  function followerOf(address: string[], random = () => 0): FeedFollower {
    told = { merged: 0, confirmed: 0, resync: [], ended: [] };
    return new FeedFollower({
      endpoints: new Endpoints({ address }),
      authorizer: makeAuthorizer({ clientId: 'verifier', clientSecret: 'secret' }),
      clock,
      random,
      connectTimeoutMs: 2000,
      maxStreamAgeMs: 100_000,
      sink: {
        merged: () => (told.merged += 1),
        confirmed: () => (told.confirmed += 1),
        resync: (reason) => told.resync.push(reason),
        ended: (err) => told.ended.push(err),
      },
    });
  }

  /** Opens the feed and brings it up to date at `e:1`. */
  async function follow(): Promise<FakeFeed> {
    follower.start();
    const feed = await service.nextFeed();
    feed.snapshot('e:1', [clientAt('a', 1)]).heartbeat('e:1');
    await until(() => told.confirmed === 1);
    return feed;
  }

  /** Lets time pass until the service has been asked for so many feeds. */
  async function passUntilOpened(feeds: number): Promise<FakeFeed> {
    await until(() => {
      clock.advance(10);
      return service.feeds.length >= feeds;
    });
    return service.nextFeed();
  }

  it('starts closed: infinitely stale until a whole ledger is proved', async () => {
    expect(follower.stalenessMs()).to.equal(Number.POSITIVE_INFINITY);
    follower.start();
    const feed = await service.nextFeed();
    expect(feed.cursor).to.equal('');
    feed.snapshot('e:1', [clientAt('a', 1)]);
    await until(() => told.merged === 1);
    expect(follower.stalenessMs()).to.equal(Number.POSITIVE_INFINITY);
    feed.heartbeat('e:1');
    await until(() => told.confirmed === 1);
    expect(follower.stalenessMs()).to.equal(0);
    expect(follower.replica.generationOf('a')).to.equal(1);
  });

  it('says who it is with Basic, so that a client without tokens can follow', async () => {
    follower.start();
    const { metadata } = await service.nextFeed();
    expect(metadata.get('authorization')).to.deep.equal([`Basic ${btoa('verifier:secret')}`]);
  });

  it('ages while no heartbeat comes, and is made young again by the time a heartbeat tells', async () => {
    const feed = await follow();
    clock.advance(900);
    expect(follower.stalenessMs()).to.equal(900);
    feed.heartbeat('e:1', 700);
    await until(() => told.confirmed === 2);
    expect(follower.stalenessMs()).to.equal(200);
  });

  it('resumes from the last cursor when the server sends it away, at once and without staleness', async () => {
    const feed = await follow();
    for (const afterOpenMs of [600, 1200]) {
      clock.advance(600);
      feed.heartbeat('e:1', afterOpenMs);
      await until(() => follower.stalenessMs() === 0);
    }
    feed.change('e:2', clientAt('b', 1));
    await until(() => told.merged === 2);
    feed.end();
    const second = await passUntilOpened(2);
    expect(second.cursor).to.equal('e:2');
    second.heartbeat('e:2');
    await until(() => told.confirmed === 4);
    expect(follower.stalenessMs()).to.be.below(300);
  });

  it('opens the next stream before it lets the old one go, when that has grown old', async () => {
    const feed = await follow();
    let age = 0;
    while (service.feeds.length === 1) {
      clock.advance(500);
      age += 500;
      feed.heartbeat('e:1', age);
      await until(() => follower.stalenessMs() === 0);
      if (age >= 90_000) await until(() => service.feeds.length === 2);
    }
    expect(age).to.equal(90_000);
    const second = await service.nextFeed();
    expect(second.cursor).to.equal('e:1');
    clock.advance(500);
    feed.heartbeat('e:1', age + 500);
    await until(() => follower.stalenessMs() === 0);
    expect(feed.ended, 'the old one is still followed').to.equal(false);
    second.heartbeat('e:1', 500);
    await until(() => feed.ended);
    expect(follower.stalenessMs()).to.equal(0);
    expect(told.ended).to.deep.equal([]);
  });

  it('tries another address when the feed falls silent, and keeps the old one until the new one is good', async () => {
    const other = await FakeService.start();
    try {
      follower.close();
      follower = followerOf([service.address, other.address]);
      const feed = await follow();
      clock.advance(1000);
      expect(other.feeds).to.have.length(0);
      clock.advance(500);
      const second = await other.nextFeed();
      expect(second.cursor).to.equal('e:1');
      expect(feed.ended).to.equal(false);
      second.heartbeat('e:1');
      await until(() => feed.ended);
      expect(follower.stalenessMs()).to.be.below(600);
    } finally {
      other.stop();
    }
  });

  it('opens anew from nothing when a message was lost, and stays as stale as it was meanwhile', async () => {
    const feed = await follow();
    clock.advance(400);
    feed.change('e:3', clientAt('b', 1));
    const second = await passUntilOpened(2);
    expect(told.resync).to.deep.equal(['gap']);
    expect(second.cursor).to.equal('');
    expect(follower.stalenessMs()).to.be.at.least(400);
    second.snapshot('e:3', [clientAt('a', 1), clientAt('b', 1), clientAt('c', 1)]).heartbeat('e:3');
    await until(() => told.confirmed === 2);
    expect(follower.replica.generationOf('c')).to.equal(1);
  });

  it('waits longer and longer while every try fails', async () => {
    service.onFeed = (feed) => feed.end(refuseUnavailable());
    follower.start();
    const times: number[] = [];
    for (let tries = 1; tries <= 9; tries += 1) {
      await until(() => {
        if (told.ended.length === tries) return true;
        clock.advance(5);
        return false;
      });
      times.push(clock.monotonic());
    }
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits[0]).to.be.below(100);
    expect(waits.at(-1)).to.be.at.least(1000);
  });

  it('asks rarely while its credential is refused, and gives the refused token up', async () => {
    const invalidated: string[] = [];
    follower.close();
    follower = new FeedFollower({
      endpoints: new Endpoints({ address: service.address }),
      authorizer: makeAuthorizer({ token: async () => 't', invalidate: (token) => invalidated.push(token) }),
      clock,
      random: () => 0,
      connectTimeoutMs: 2000,
      maxStreamAgeMs: 100_000,
      sink: { merged() {}, confirmed() {}, resync() {}, ended: (err) => told.ended.push(err) },
    });
    service.onFeed = (feed) => feed.end(new Refusal(status.UNAUTHENTICATED, 'invalid_token'));
    follower.start();
    await until(() => told.ended.length === 1);
    expect(invalidated).to.deep.equal(['t']);
    clock.advance(4900);
    expect(follower.opened).to.equal(1);
    clock.advance(200);
    expect(follower.opened).to.equal(2);
  });

  it('never calls itself fresh again after an entry of a kind it does not know', async () => {
    const feed = await follow();
    feed.change('e:2', { kind: undefined });
    await until(() => told.resync.length === 1);
    expect(told.resync).to.deep.equal(['unknown']);
    clock.advance(500);
    feed.heartbeat('e:2', 500).change('e:3', clientAt('z', 1));
    await until(() => follower.replica.generationOf('z') === 1 || service.feeds.length > 1);
    expect(follower.stalenessMs()).to.be.at.least(500);
  });

  it('replaces a stream whose server counts time otherwise', async () => {
    const feed = await follow();
    clock.advance(500);
    feed.heartbeat('e:1', 60_000);
    const second = await passUntilOpened(2);
    expect(second.cursor).to.equal('e:1');
    expect(follower.stalenessMs()).to.be.at.least(500);
  });

  it('gives up a stream that opens and says nothing', async () => {
    follower.start();
    const silent = await service.nextFeed();
    clock.advance(3500);
    await until(() => silent.ended);
    await passUntilOpened(2);
  });

  it('leaves no stream and no timer behind when closed', async () => {
    const feed = await follow();
    clock.advance(1500);
    const second = await service.nextFeed();
    follower.close();
    await until(() => feed.ended && second.ended);
    expect(clock.pending).to.equal(0);
    expect(told.ended).to.deep.equal([]);
  });
});
