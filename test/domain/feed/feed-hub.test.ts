import { expect } from 'chai';
import { type FeedEvent, FeedHub, type FeedHubOptions } from '../../../src/domain/feed-hub.js';
import type { FeedSink } from '../../../src/domain/ports.js';
import type { Revocation } from '../../../src/domain/revocation.js';
import { timedClock } from '../../sdk/timed-clock.js';
import { clientId, generation, keyId, tokenId } from '../../support/records.js';
import { ScriptedSource } from './scripted-source.js';
import { type TestMessage, TestReader, testEncoder } from './test-reader.js';

const token = (name: string): Revocation => ({
  kind: 'token',
  tokenId: tokenId(name),
  forgetAtSeconds: 4_000_000_000,
});
const client = (name: string, value: number): Revocation => ({
  kind: 'client',
  clientId: clientId(name),
  generation: generation(value),
});
const tokens = (prefix: string, count: number): Revocation[] =>
  Array.from({ length: count }, (_, index) => token(`${prefix}${index}`));

/** Lets everything run that is due now. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the feed hub', () => {
  let clock: ReturnType<typeof timedClock>;
  let source: ScriptedSource;
  let encoder: ReturnType<typeof testEncoder>;
  let events: FeedEvent[];
  let hub: FeedHub<TestMessage>;

  const start = async (options: Partial<FeedHubOptions<TestMessage>> = {}): Promise<void> => {
    hub = new FeedHub({
      source,
      clock,
      encoder,
      random: () => 0.5,
      windowLength: 100,
      onEvent: (event) => events.push(event),
      ...options,
    });
    await settle();
  };
  /** Time passes; what comes of it settles. The store confirms as it goes, while it answers. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(50, left));
      if (source.confirmsAtOnce && source.isUp) source.confirm();
      await settle();
    }
  };
  const reader = async (cursor = ''): Promise<TestReader> => {
    const opened = new TestReader().watch(hub, cursor);
    await settle();
    return opened;
  };
  const expectInStep = (...readers: TestReader[]): void => {
    for (const one of readers) {
      expect(one.faults).to.deep.equal([]);
      expect(one.ledger).to.deep.equal(source.ledger);
    }
  };

  beforeEach(() => {
    clock = timedClock();
    source = new ScriptedSource(clock);
    encoder = testEncoder();
    events = [];
  });
  afterEach(async () => {
    hub.close();
    await settle();
    expect(clock.pending, 'timers left').to.equal(0);
    expect(source.readers, 'readers left').to.equal(0);
  });

  describe('to one who comes with nothing', () => {
    it('sends the whole ledger in parts, the last marked, and then every change in order', async () => {
      source.tell(...tokens('t', 7), client('a', 5), { kind: 'key', keyId: keyId('k') });
      await start();
      const one = await reader();
      expect(
        one.received.map((message) => message.kind === 'part' && [message.number, message.last]),
      ).to.deep.equal([
        [1, false],
        [2, false],
        [3, true],
      ]);
      expectInStep(one);
      source.tell(client('a', 6), token('late'));
      await settle();
      expect(one.changes).to.deep.equal([client('a', 6), token('late')]);
      expect(one.cursor).to.equal('e1:11');
      expectInStep(one);
    });

    it('sends one empty part that is first and last when nothing is revoked', async () => {
      await start();
      const one = await reader();
      expect(one.received).to.deep.equal([
        { kind: 'part', cursor: 'e1:0', revocations: [], number: 1, last: true },
      ]);
    });

    it('tells what changed while its snapshot was being read', async () => {
      source.tell(...tokens('t', 7));
      await start();
      let open = (): void => {};
      source.gate = new Promise((resolve) => {
        open = resolve;
      });
      const one = await reader();
      source.tell(token('meanwhile'));
      await settle();
      expect(one.received).to.deep.equal([]);
      open();
      await settle();
      expect(one.changes).to.deep.equal([token('meanwhile')]);
      expectInStep(one);
    });

    it('waits for the store to answer', async () => {
      source.tell(token('t'));
      source.goDown();
      await start();
      const one = await reader();
      await pass(3000);
      expect(one.received).to.deep.equal([]);
      source.comeBack();
      await pass(1500);
      expectInStep(one);
      expect(one.beats).not.to.deep.equal([]);
    });

    it('begins the snapshot again when the store is lost in the middle of it', async () => {
      source.tell(...tokens('t', 7));
      await start();
      let open = (): void => {};
      source.gate = new Promise((resolve) => {
        open = resolve;
      });
      const one = await reader();
      source.goDown();
      open();
      await settle();
      source.comeBack();
      await pass(1500);
      expect(one.snapshots).to.equal(1);
      expectInStep(one);
    });
  });

  describe('to one who resumes', () => {
    it('loses and repeats nothing, from every position that it can have seen', async () => {
      await start();
      source.tell(...tokens('t', 20));
      await settle();
      for (let sequence = 0; sequence <= 20; sequence += 1) {
        const one = await reader(`e1:${sequence}`);
        expect(one.changes).to.deep.equal(tokens('t', 20).slice(sequence));
        expect(one.snapshots).to.equal(0);
        expect(one.faults).to.deep.equal([]);
      }
    });

    it('knows what happened before this server started', async () => {
      source.tell(...tokens('t', 20));
      await start();
      const one = await reader('e1:3');
      expect(one.changes).to.deep.equal(tokens('t', 20).slice(3));
      expect(one.snapshots).to.equal(0);
    });

    it('sends a fresh snapshot when its cursor is too old', async () => {
      source.tell(...tokens('t', 300));
      await start();
      const one = await reader('e1:100');
      expect(one.snapshots).to.equal(1);
      expectInStep(one);
    });

    it('sends a fresh snapshot when its cursor is of another epoch, or of an unfinished snapshot', async () => {
      source.tell(...tokens('t', 5));
      await start();
      for (const cursor of ['other:2', 'e1:-', 'other:-']) {
        const one = await reader(cursor);
        expect(one.snapshots).to.equal(1);
        expectInStep(one);
      }
    });

    it('waits for its own reader when the cursor comes from a server that is ahead', async () => {
      source.tell(...tokens('t', 5));
      await start();
      source.confirmsAtOnce = false;
      const one = await reader('e1:7');
      await pass(500);
      expect(one.received).to.deep.equal([]);
      source.tell(token('six'), token('seven'), token('eight'));
      await settle();
      expect(one.changes).to.deep.equal([token('eight')]);
      expect(one.faults).to.deep.equal([]);
    });

    it('sends a fresh snapshot when its cursor turns out to be one that never was', async () => {
      source.tell(...tokens('t', 5));
      await start();
      const one = await reader('e1:7');
      await pass(100);
      expect(one.snapshots).to.equal(1);
      expectInStep(one);
    });
  });

  describe('heartbeats', () => {
    it('come at once and then every half second, with the newest cursor and the time of the confirmation', async () => {
      source.tell(token('t'));
      await start();
      const one = await reader();
      expect(one.beats).to.deep.equal([
        { position: { epoch: 'e1', sequence: 1 }, confirmedMonotonicMs: clock.monotonic() },
      ]);
      await pass(10_000);
      expect(one.beats.length).to.be.within(20, 22);
      source.tell(token('u'));
      await pass(500);
      expect(one.beats.at(-1)?.position.sequence).to.equal(2);
      expect(one.faults).to.deep.equal([]);
    });

    it('stop while the store does not confirm, though changes still come', async () => {
      await start();
      const one = await reader();
      await pass(1000);
      source.confirmsAtOnce = false;
      await pass(600);
      const before = one.beats.length;
      source.tell(token('t'));
      await pass(5000);
      expect(one.beats.length).to.equal(before);
      expect(one.changes).to.deep.equal([token('t')]);
      source.confirm();
      await pass(100);
      expect(one.beats.length).to.equal(before + 1);
    });

    it('stop at once when the store is lost', async () => {
      await start();
      const one = await reader();
      await pass(1000);
      source.confirm();
      source.goDown();
      await settle();
      const before = one.beats.length;
      await pass(1000);
      expect(one.beats.length).to.equal(before);
    });

    it('wait for our own reader when the snapshot was ahead of it', async () => {
      await start();
      source.isSlow = true;
      source.tell(token('t'));
      const one = await reader();
      await pass(1000);
      expect(one.cursor).to.equal('e1:1');
      expect(one.beats).to.deep.equal([]);
      source.isSlow = false;
      await pass(500);
      expect(one.beats[0]?.position.sequence).to.equal(1);
      expectInStep(one);
    });

    it('never say more than the store did: the confirmed time only rises', async () => {
      await start();
      const one = await reader();
      await pass(5000);
      const times = one.beats.map((beat) => beat.confirmedMonotonicMs);
      for (let index = 1; index < times.length; index += 1) {
        expect(times[index]).to.be.greaterThan(times[index - 1] ?? 0);
      }
    });

    it('to readers who came together are spread over time', async () => {
      let drawn = 0;
      await start({ random: () => (drawn++ % 10) / 10 });
      const all = await Promise.all(Array.from({ length: 10 }, () => reader()));
      await pass(2000);
      const beatsSoFar = () => all.reduce((sum, one) => sum + one.beats.length, 0);
      for (let slice = 0; slice < 5; slice += 1) {
        const before = beatsSoFar();
        await pass(100);
        expect(beatsSoFar() - before).to.be.within(1, 4);
      }
    });
  });

  describe('for many', () => {
    it('reads the store once, and makes each message once', async () => {
      source.tell(...tokens('t', 30));
      await start();
      const all = await Promise.all(Array.from({ length: 200 }, () => reader()));
      source.tell(...tokens('u', 5));
      await settle();
      expectInStep(...all);
      expect(source.readers).to.equal(1);
      expect(source.asked.parts).to.equal(10);
      expect(encoder.made).to.deep.equal({ parts: 10, changes: 5 });
    });

    it('shares a snapshot that is still being read, and does not keep it when nobody uses it', async () => {
      source.tell(...tokens('t', 30));
      await start();
      const before = source.asked.snapshots;
      const first = await reader();
      await pass(500);
      const second = await reader();
      expect(source.asked.snapshots).to.equal(before + 1);
      await pass(1200);
      const third = await reader();
      expect(source.asked.snapshots).to.equal(before + 2);
      expectInStep(first, second, third);
    });

    it('takes a new snapshot once too much has changed since the last', async () => {
      source.tell(...tokens('t', 30));
      await start();
      await reader();
      const before = source.asked.snapshots;
      source.tell(...tokens('u', 60));
      const late = await reader();
      expect(source.asked.snapshots).to.equal(before + 1);
      expectInStep(late);
    });
  });

  describe('with a slow reader', () => {
    it('sends no more than it takes, and goes on when it takes more', async () => {
      source.tell(...tokens('t', 30));
      await start();
      const slow = new TestReader();
      slow.room = 2;
      slow.watch(hub);
      await settle();
      expect(slow.received.length).to.equal(2);
      source.tell(...tokens('u', 20));
      await settle();
      expect(slow.received.length).to.equal(2);
      while (slow.received.length < 30) {
        slow.drain(3);
        await settle();
      }
      slow.drain();
      await settle();
      expectInStep(slow);
    });

    it('keeps no other waiting', async () => {
      await start();
      const slow = await reader();
      slow.drain(1);
      const quick = await reader();
      source.tell(...tokens('t', 20));
      await settle();
      expectInStep(quick);
      expect(slow.changes.length).to.equal(1);
    });

    it('sends it away to resume when the changes that it lacks are kept no longer', async () => {
      await start();
      const slow = await reader();
      slow.drain(1);
      source.tell(...tokens('t', 120));
      await pass(50);
      expect(slow.end).to.equal('slow');
      expect(hub.status().watchers).to.equal(0);
      expect(events).to.deep.include({ kind: 'cut off a slow watcher', watchers: 0 });
      slow.room = Number.POSITIVE_INFINITY;
      slow.watch(hub);
      await settle();
      expectInStep(slow);
    });

    it('sends it away when it has taken nothing for ten seconds', async () => {
      await start();
      const stuck = await reader();
      const other = await reader();
      stuck.drain(1);
      source.tell(token('t'));
      await pass(9900);
      expect(stuck.end).to.equal(undefined);
      await pass(200);
      expect(stuck.end).to.equal('slow');
      expect(other.end).to.equal(undefined);
    });
  });

  describe('when the store is lost', () => {
    it('comes back to where it was: no snapshot, no loss, no repetition', async () => {
      source.tell(...tokens('t', 5));
      await start();
      const one = await reader();
      source.goDown();
      await pass(2000);
      const beats = one.beats.length;
      await pass(2000);
      expect(one.beats.length).to.equal(beats);
      expect(hub.status().lagMs).to.be.within(3900, 4200);
      source.comeBack();
      source.tell(...tokens('u', 5));
      await pass(1500);
      expect(one.snapshots).to.equal(1);
      expect(one.changes).to.deep.equal(tokens('u', 5));
      expect(one.beats.length).to.be.greaterThan(beats);
      expectInStep(one);
    });

    it('says so once, and tries again ever more rarely, up to a third of a second apart', async () => {
      await start();
      source.goDown();
      await settle();
      const before = source.asked.follows;
      await pass(1000);
      expect(source.asked.follows - before).to.be.within(4, 6);
      const later = source.asked.follows;
      await pass(10_000);
      expect(source.asked.follows - later).to.be.within(33, 47);
      expect(events.filter(({ kind }) => kind === 'lost').length).to.equal(1);
    });
  });

  describe('when the epoch changes', () => {
    it('puts back what a failover lost, and sends every watcher a fresh snapshot', async () => {
      await start();
      const one = await reader();
      source.tell(client('a', 5), token('kept'));
      await pass(1000);
      source.tell(client('a', 9), token('lost'), { kind: 'key', keyId: keyId('k') });
      await settle();
      source.failOver(3);
      await pass(500);
      expect([...source.ledger.values()]).to.have.deep.members([
        client('a', 9),
        token('kept'),
        token('lost'),
        { kind: 'key', keyId: keyId('k') },
      ]);
      expect(one.snapshots).to.equal(2);
      expect(one.cursor.startsWith('e2:')).to.equal(true);
      expect(events).to.deep.include({ kind: 'restored', changes: 4 });
      expectInStep(one);
    });

    it('puts back what was seen up to a minute before the store was last heard of, however long ago that is', async () => {
      await start();
      source.tell(token('old'));
      await pass(61_000);
      source.tell(token('young'));
      await pass(59_000);
      source.goDown();
      await pass(300_000);
      source.failOver(2);
      source.comeBack();
      await pass(2000);
      expect([...source.ledger.values()]).to.deep.equal([token('young')]);
    });

    it('goes on trying to put it back while the store refuses', async () => {
      await start();
      source.tell(token('lost'));
      await settle();
      source.failOver(1);
      source.goDown();
      await pass(3000);
      expect(source.asked.merges).to.be.greaterThan(1);
      source.comeBack();
      await pass(1500);
      expect([...source.ledger.values()]).to.deep.equal([token('lost')]);
    });

    it('gives no snapshot of an epoch that its own reader does not know yet', async () => {
      source.tell(token('t'));
      await start();
      source.isSlow = true;
      source.failOver(0);
      source.tell(token('u'));
      const one = await reader();
      await pass(1000);
      expect(one.received).to.deep.equal([]);
      source.isSlow = false;
      await pass(500);
      expect(one.cursor).to.equal('e2:2');
      expect(one.snapshots).to.equal(1);
      expectInStep(one);
    });

    it('takes a cursor of before for what it is, though its sequence is in use again', async () => {
      await start();
      const one = await reader();
      source.tell(...tokens('t', 5));
      await settle();
      one.stop();
      source.failOver(5);
      await pass(100);
      source.tell(...tokens('u', 9));
      one.watch(hub);
      await pass(100);
      expect(one.snapshots).to.equal(2);
      expect(one.faults).to.deep.equal([]);
      for (const name of source.ledger.keys()) expect(one.ledger.has(name)).to.equal(true);
    });

    it('drops the snapshot that was being read, and gives one of the new epoch', async () => {
      source.tell(...tokens('t', 9));
      await start();
      let open = (): void => {};
      source.gate = new Promise((resolve) => {
        open = resolve;
      });
      const one = await reader();
      source.failOver(0);
      await settle();
      open();
      source.gate = undefined;
      await pass(500);
      expect(one.cursor.startsWith('e2:')).to.equal(true);
      expectInStep(one);
    });

    it('does not turn in circles over an entry behind it that it cannot read', async () => {
      source.tell(...tokens('t', 50));
      source.trim(10);
      await start();
      await pass(100);
      expect(source.asked.follows).to.equal(2);
      const one = await reader();
      source.tell(token('new'));
      await settle();
      expectInStep(one);
    });
  });

  describe('with a store that breaks its word', () => {
    it('begins anew when a change is skipped or repeated', async () => {
      await start();
      const one = await reader();
      const { follow } = source;
      for (const skewed of [1, -1]) {
        source.follow = (from, sink, signal) =>
          follow.call(
            source,
            from,
            { ...sink, change: (sequence, revocation) => sink.change(sequence + skewed, revocation) },
            signal,
          );
        source.failOver(0);
        await pass(100);
        const begun = events.filter(({ kind }) => kind === 'began').length;
        source.tell(token(`t${skewed}`));
        await pass(100);
        expect(events.filter(({ kind }) => kind === 'began').length).to.be.greaterThan(begun);
        source.follow = follow;
        await pass(2000);
        expectInStep(one);
      }
    });

    it('does not listen to a following that has ended', async () => {
      await start();
      const one = await reader();
      const sinks: FeedSink[] = [];
      const { follow } = source;
      source.follow = (from, sink, signal) => {
        sinks.push(sink);
        return follow.call(source, from, sink, signal);
      };
      source.failOver(0);
      await pass(100);
      source.failOver(0);
      await pass(100);
      sinks[0]?.change(1, token('late'));
      sinks[0]?.confirmed(clock.monotonic() + 1000);
      await pass(100);
      expect(one.changes).to.deep.equal([]);
      expect(hub.status().lagMs).to.be.at.least(0);
      expectInStep(one);
    });
  });

  describe('on this server', () => {
    it('tells listeners of every change, and when it may have missed some', async () => {
      await start();
      const heard: unknown[] = [];
      const stop = hub.subscribe({
        changed: (revocation) => heard.push(revocation),
        began: () => heard.push('began'),
      });
      source.tell(token('t'));
      source.failOver(0);
      await settle();
      expect(heard).to.deep.equal([token('t'), 'began', token('t')]);
      stop();
      source.tell(token('u'));
      await settle();
      expect(heard.length).to.equal(3);
    });

    it('tells where it stands', async () => {
      source.goDown();
      await start();
      expect(hub.status()).to.deep.equal({
        epoch: undefined,
        sequence: 0,
        watchers: 0,
        confirmedMonotonicMs: undefined,
        lagMs: Number.POSITIVE_INFINITY,
      });
      source.comeBack();
      source.tell(token('t'));
      await pass(200);
      await reader();
      expect(hub.status()).to.deep.equal({
        epoch: 'e1',
        sequence: 1,
        watchers: 1,
        confirmedMonotonicMs: clock.monotonic(),
        lagMs: 0,
      });
    });

    it('ends every watcher when it is closed, and whoever comes after', async () => {
      await start();
      const one = await reader();
      const gone = await reader();
      gone.stop();
      hub.close();
      expect(one.end).to.equal('stopping');
      expect(gone.end).to.equal(undefined);
      expect((await reader()).end).to.equal('stopping');
    });
  });
});
