import { expect } from 'chai';
import { FeedReading } from '../../src/sdk/feed-reading.js';
import { LedgerReplica } from '../../src/sdk/ledger-replica.js';
import type {
  Revocation,
  WatchRevocationsResponse,
} from '../../src/wire/gen/countersign/v1/token_service.js';
import { clientAt, tokenUntil } from './revocations.js';

const part = (
  cursor: string,
  revocations: Revocation[],
  first = true,
  last = true,
  partNumber = 0,
): WatchRevocationsResponse => ({
  cursor,
  event: { $case: 'snapshot', value: { revocations, first, last, partNumber } },
});
const change = (cursor: string, value: Revocation): WatchRevocationsResponse => ({
  cursor,
  event: { $case: 'change', value },
});
/** The store confirmed so many ms after the stream was opened, by a clock that has nothing to do with ours. */
const beat = (cursor: string, afterOpenMs: number): WatchRevocationsResponse => ({
  cursor,
  event: {
    $case: 'heartbeat',
    value: { streamOpenedMonotonicMs: 77_000_000, storeConfirmedMonotonicMs: 77_000_000 + afterOpenMs },
  },
});

describe('FeedReading', () => {
  let replica: LedgerReplica;
  const reading = (resumedFrom = '', sentAtMs = 1000) => new FeedReading(replica, resumedFrom, sentAtMs);

  beforeEach(() => {
    replica = new LedgerReplica();
  });

  it('is whole, and can be resumed from, only with the last part of a snapshot', () => {
    const feed = reading();
    expect(feed.accept(part('e:4', [clientAt('a', 1)], true, false), 1001)).to.equal('applied');
    expect(feed.cursor).to.equal('');
    expect(feed.accept(beat('e:4', 1), 1002)).to.equal('ignored');
    expect(feed.accept(part('e:4', [clientAt('b', 1)], false, true), 1003)).to.equal('applied');
    expect(feed.cursor).to.equal('e:4');
    expect(feed.confirmedAtMs).to.equal(Number.NEGATIVE_INFINITY);
  });

  it('finds that a part of a snapshot is missing, where the server numbers them', () => {
    const feed = reading();
    feed.accept(part('e:4', [], true, false, 1), 1);
    expect(feed.accept(part('e:4', [], false, false, 2), 1)).to.equal('applied');
    expect(feed.accept(part('e:4', [], false, true, 4), 1)).to.equal('gap');
  });

  it('is not made fresh by a snapshot, only by a heartbeat for exactly what was applied', () => {
    const feed = reading();
    feed.accept(part('e:4', []), 1001);
    expect(feed.accept(beat('e:4', 300), 1400)).to.equal('confirmed');
    expect(feed.confirmedAtMs).to.equal(1300);
  });

  it('counts a heartbeat that was held up for when it was true, not for when it came', () => {
    const feed = reading('e:4');
    feed.accept(beat('e:4', 200), 9000);
    expect(feed.confirmedAtMs).to.equal(1200);
  });

  it('never goes back with a heartbeat that was overtaken', () => {
    const feed = reading('e:4');
    feed.accept(beat('e:4', 700), 1800);
    feed.accept(beat('e:4', 200), 1801);
    expect(feed.confirmedAtMs).to.equal(1700);
  });

  it('refuses a heartbeat from its own future, for then the clocks run apart', () => {
    const feed = reading('e:4');
    expect(feed.accept(beat('e:4', 5000), 1500)).to.equal('clock');
    expect(feed.confirmedAtMs).to.equal(Number.NEGATIVE_INFINITY);
    expect(feed.accept(beat('e:4', 520), 1500)).to.equal('confirmed');
    expect(feed.confirmedAtMs).to.equal(1500);
  });

  it('finds a gap by the next change or by the next heartbeat', () => {
    expect(reading('e:4').accept(change('e:6', clientAt('a', 1)), 1)).to.equal('gap');
    expect(replica.generationOf('a'), 'the change itself is not lost').to.equal(1);
    expect(reading('e:4').accept(beat('e:5', 0), 1)).to.equal('gap');
  });

  it('ignores what it had already', () => {
    const feed = reading('e:4');
    expect(feed.accept(change('e:5', clientAt('a', 1)), 1)).to.equal('applied');
    expect(feed.accept(change('e:5', clientAt('a', 1)), 1)).to.equal('ignored');
    expect(feed.accept(change('e:3', clientAt('a', 1)), 1)).to.equal('ignored');
    expect(feed.accept(beat('e:4', 0), 1)).to.equal('ignored');
    expect(feed.cursor).to.equal('e:5');
  });

  it('takes a change, a heartbeat or a part of a snapshot out of its place for a gap', () => {
    expect(reading('e:4').accept(change('f:5', clientAt('a', 1)), 1)).to.equal('gap');
    expect(reading('e:4').accept(beat('f:4', 0), 1)).to.equal('gap');
    expect(reading().accept(change('e:5', clientAt('a', 1)), 1)).to.equal('gap');
    expect(reading().accept(part('e:5', [], false, true), 1)).to.equal('gap');
    expect(reading().accept(part('not a cursor', []), 1)).to.equal('gap');
  });

  it('follows a change of epoch through the snapshot that comes with it, and forgets nothing', () => {
    const feed = reading();
    feed.accept(part('e:4', [clientAt('a', 5), tokenUntil('t', 999)]), 1);
    expect(feed.accept(part('f:1', [clientAt('a', 2)]), 2)).to.equal('applied');
    expect(feed.accept(change('f:2', clientAt('b', 1)), 3)).to.equal('applied');
    expect(replica.generationOf('a')).to.equal(5);
    expect(replica.isTokenRevoked('t')).to.equal(true);
    expect(feed.cursor).to.equal('f:2');
  });

  it('takes in changes that come between the parts of a snapshot', () => {
    const feed = reading();
    feed.accept(part('e:4', [], true, false), 1);
    expect(feed.accept(change('e:5', clientAt('a', 1)), 1)).to.equal('applied');
    feed.accept(part('e:4', [], false, true), 1);
    expect(feed.accept(beat('e:5', 0), 1)).to.equal('gap');
    expect(replica.generationOf('a')).to.equal(1);
  });

  it('does not pass over an entry or an event of a kind it does not know', () => {
    expect(reading('e:4').accept(change('e:5', { kind: undefined }), 1)).to.equal('unknown');
    expect(reading('e:4').accept(part('e:5', [{ kind: undefined }]), 1)).to.equal('unknown');
    expect(reading('e:4').accept({ cursor: 'e:5', event: undefined }, 1)).to.equal('unknown');
  });
});
