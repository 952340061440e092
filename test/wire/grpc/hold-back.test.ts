import { expect } from 'chai';
import { HoldBack } from '../../../src/wire/grpc/hold-back.js';

describe('holding callers back', () => {
  /** A connection that notes what it is told. */
  const makeSession = () => {
    const told: (number | undefined)[] = [];
    return {
      told,
      pendingSettingsAck: false,
      destroyed: false,
      settings: ({ maxConcurrentStreams }: { maxConcurrentStreams?: number }) => {
        told.push(maxConcurrentStreams);
      },
    };
  };
  const setUp = () => {
    const crowd = { inside: 0, waiting: 0 };
    let nowMs = 0;
    const holdBack = new HoldBack(crowd, { most: 100, aim: 10, monotonic: () => nowMs });
    const pass = (): void => {
      nowMs += 1000;
    };
    return { crowd, holdBack, pass };
  };

  it('tells a connection nothing while the line is short', () => {
    const { crowd, holdBack, pass } = setUp();
    const session = makeSession();
    crowd.waiting = 10;
    holdBack.sees(session);
    pass();
    holdBack.sees(session);
    expect(session.told).to.deep.equal([]);
  });

  it('allows each connection fewer calls the longer the line is, but always one', () => {
    const { crowd, holdBack, pass } = setUp();
    const [first, second] = [makeSession(), makeSession()];
    Object.assign(crowd, { inside: 10, waiting: 30 });
    holdBack.sees(first);
    // Those that came before have yet to end.
    holdBack.sees(second);
    expect([first.told, second.told]).to.deep.equal([[25], [25]]);
    crowd.waiting = 100_000;
    pass();
    holdBack.sees(first);
    expect(first.told).to.deep.equal([25, 1]);
  });

  it('allows more again in steps once nobody waits, up to what it was', () => {
    const { crowd, holdBack, pass } = setUp();
    const session = makeSession();
    Object.assign(crowd, { inside: 10, waiting: 30 });
    holdBack.sees(session);
    crowd.waiting = 1;
    pass();
    holdBack.sees(session);
    crowd.waiting = 0;
    for (let i = 0; i < 5; i += 1) {
      holdBack.sees(session);
      pass();
    }
    expect(session.told).to.deep.equal([25, 50, 100]);
  });

  it('does not count streams that stay open', () => {
    const { crowd, holdBack, pass } = setUp();
    const session = makeSession();
    const ended = [holdBack.seesStream(session), holdBack.seesStream(session)];
    Object.assign(crowd, { inside: 10, waiting: 90 });
    holdBack.sees(session);
    expect(session.told).to.deep.equal([12]);
    ended[0]?.();
    crowd.waiting = 1;
    pass();
    holdBack.sees(session);
    expect(session.told).to.deep.equal([12, 11]);
  });

  it('sends a connection that confirms nothing no more than one change, and one that is gone none', () => {
    const { crowd, holdBack } = setUp();
    Object.assign(crowd, { inside: 10, waiting: 90 });
    const [silent, gone] = [makeSession(), makeSession()];
    silent.pendingSettingsAck = true;
    gone.destroyed = true;
    holdBack.sees(silent);
    holdBack.sees(gone);
    expect([silent.told, gone.told]).to.deep.equal([[], []]);
    silent.pendingSettingsAck = false;
    holdBack.sees(silent);
    expect(silent.told).to.deep.equal([10]);
  });
});
