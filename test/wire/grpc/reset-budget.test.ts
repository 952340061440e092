import { EventEmitter } from 'node:events';
import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { expect } from 'chai';
import { ResetBudget } from '../../../src/wire/grpc/reset-budget.js';

describe('a connection whose calls are reset faster than anybody gives up', () => {
  const ends: number[] = [];
  /** What is needed of a session: notes with which code it was ended. */
  const makeSession = (): Http2Session => {
    const session = {
      destroyed: false,
      destroy: (_error: Error, code: number) => {
        session.destroyed = true;
        ends.push(code);
      },
    };
    return session as unknown as Http2Session;
  };
  /** Answers whether the call would have run. */
  const call = (budget: ResetBudget, session: Http2Session, rstCode: number): boolean => {
    const stream = Object.assign(new EventEmitter(), { session, rstCode });
    const isSpent = budget.isSpent(stream as unknown as ServerHttp2Stream);
    stream.emit('close');
    return !isSpent;
  };
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  beforeEach(() => ends.splice(0));

  it('is ended once, and never while it is being read: Node would abort', async () => {
    const [budget, session] = [new ResetBudget(2), makeSession()];
    const ran = Array.from({ length: 50 }, () => call(budget, session, constants.NGHTTP2_CANCEL));
    expect(ran.filter(Boolean)).to.have.length(5);
    expect(ends).to.deep.equal([]);
    await nextTurn();
    expect(ends).to.deep.equal([constants.NGHTTP2_ENHANCE_YOUR_CALM]);
  });

  it('is left alone while its calls end well', async () => {
    const [budget, session] = [new ResetBudget(2), makeSession()];
    for (let i = 0; i < 50; i += 1) call(budget, session, constants.NGHTTP2_NO_ERROR);
    await nextTurn();
    expect(ends).to.deep.equal([]);
  });
});
