import { expect } from 'chai';
import { HoldBack } from '../../../src/wire/grpc/hold-back.js';
import { eventually } from '../../support/eventually.js';

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
    holdBack.sees(session, false);
    pass();
    holdBack.sees(session, false);
    expect(session.told).to.deep.equal([]);
  });

  it('allows each connection fewer calls the longer the line is, but always one', () => {
    const { crowd, holdBack, pass } = setUp();
    const [first, second] = [makeSession(), makeSession()];
    Object.assign(crowd, { inside: 10, waiting: 30 });
    holdBack.sees(first, false);
    // Those that came before have yet to end.
    holdBack.sees(second, false);
    expect([first.told, second.told]).to.deep.equal([[25], [25]]);
    crowd.waiting = 100_000;
    pass();
    holdBack.sees(first, false);
    expect(first.told).to.deep.equal([25, 1]);
  });

  it('allows more again in steps once nobody waits, up to what it was', () => {
    const { crowd, holdBack, pass } = setUp();
    const session = makeSession();
    Object.assign(crowd, { inside: 10, waiting: 30 });
    holdBack.sees(session, false);
    crowd.waiting = 1;
    pass();
    holdBack.sees(session, false);
    crowd.waiting = 0;
    for (let i = 0; i < 5; i += 1) {
      holdBack.sees(session, false);
      pass();
    }
    expect(session.told).to.deep.equal([25, 50, 100]);
  });

  it('does not count streams that stay open', () => {
    const { crowd, holdBack, pass } = setUp();
    const session = makeSession();
    const ended = [holdBack.seesStream(session), holdBack.seesStream(session)];
    Object.assign(crowd, { inside: 10, waiting: 90 });
    holdBack.sees(session, false);
    expect(session.told).to.deep.equal([12]);
    ended[0]?.();
    crowd.waiting = 1;
    pass();
    holdBack.sees(session, false);
    expect(session.told).to.deep.equal([12, 11]);
  });

  it('sends a connection that confirms nothing no more than one change, and one that is gone none', () => {
    const { crowd, holdBack } = setUp();
    Object.assign(crowd, { inside: 10, waiting: 90 });
    const [silent, gone] = [makeSession(), makeSession()];
    silent.pendingSettingsAck = true;
    gone.destroyed = true;
    holdBack.sees(silent, false);
    holdBack.sees(gone, false);
    expect([silent.told, gone.told]).to.deep.equal([[], []]);
    silent.pendingSettingsAck = false;
    holdBack.sees(silent, false);
    expect(silent.told).to.deep.equal([10]);
  });

  describe('when callers give up before they are answered', () => {
    /** Ten connections that keep on calling, under turns. */
    const underTurns = () => {
      const { crowd, holdBack, pass } = setUp();
      const sessions = Array.from({ length: 10 }, makeSession);
      Object.assign(crowd, { inside: 10, waiting: 11 });
      for (let i = 0; i < 60; i += 1) holdBack.ended(i % 2 === 0);
      for (const session of sessions) holdBack.sees(session, false);
      const last = (): (number | undefined)[] => sessions.map(({ told }) => told.at(-1) ?? 100);
      return { crowd, holdBack, pass, sessions, last };
    };

    it('serves some connections wholly and others not at all, and those after them', async () => {
      const { holdBack, crowd, pass, last } = underTurns();
      try {
        const first = last();
        expect(first).to.include(0).and.to.include(100);
        expect(new Set(first)).to.have.property('size', 2);
        crowd.waiting = 1;
        await eventually(() => {
          pass();
          expect(last()).to.not.deep.equal(first);
        });
      } finally {
        holdBack.close();
      }
    });

    it('never lets a connection wait for its turn that has revoked something', () => {
      const { holdBack, sessions, last } = underTurns();
      for (const session of sessions) holdBack.sees(session, true);
      expect(new Set(last())).to.deep.equal(new Set([100]));
      holdBack.close();
    });

    it('tells every connection that it may call as before once there is room for all', async () => {
      const { crowd, pass, holdBack, sessions, last } = underTurns();
      const [silent] = sessions.filter((_, index) => last()[index] === 0);
      if (silent !== undefined) silent.pendingSettingsAck = true;
      Object.assign(crowd, { inside: 0, waiting: 0 });
      await eventually(() => {
        pass();
        expect(last().filter((told) => told === 0)).to.have.length(silent === undefined ? 0 : 1);
      });
      if (silent !== undefined) silent.pendingSettingsAck = false;
      await eventually(() => {
        pass();
        expect(new Set(last())).to.deep.equal(new Set([100]));
      });
      holdBack.close();
    });
  });

  it('takes callers who give up while nobody is held back for what they are', () => {
    const { crowd, holdBack } = setUp();
    const session = makeSession();
    crowd.waiting = 10;
    for (let i = 0; i < 1000; i += 1) holdBack.ended(true);
    holdBack.sees(session, false);
    expect(session.told).to.deep.equal([]);
  });
});
