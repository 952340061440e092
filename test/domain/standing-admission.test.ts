import { expect } from 'chai';
import type { Call, Caller } from '../../src/domain/call.js';
import { AuthError, invalidClient, temporarilyUnavailable } from '../../src/domain/errors.js';
import type { FeedListener } from '../../src/domain/feed-hub.js';
import type { Revocation } from '../../src/domain/revocation.js';
import { makeHoldAdmission, type Standing } from '../../src/domain/standing-admission.js';
import { timedClock } from '../sdk/timed-clock.js';
import { clientId, generation, keyId, tokenId } from '../support/records.js';

const call: Call = {
  requestId: 'r-1',
  door: 'grpc',
  sourceAddress: '127.0.0.1',
  credential: { kind: 'none' },
  facts: {},
};
const bySecret: Caller = {
  clientId: clientId('a'),
  scopes: ['countersign:introspect'],
  servesAudiences: [],
};
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an admission to a stream', () => {
  let clock: ReturnType<typeof timedClock>;
  let listener: FeedListener | undefined;
  let answer: () => Promise<Caller>;
  let asked: number;
  let ends: AuthError[];
  let byToken: Caller;

  const hold = (): Promise<Standing> => {
    const holdAdmission = makeHoldAdmission({
      admit: () => {
        asked += 1;
        return answer();
      },
      feed: {
        subscribe: (given) => {
          listener = given;
          return () => undefined;
        },
      },
      clock,
      random: () => 0.5,
    });
    return holdAdmission('WatchRevocations', call, (why) => ends.push(why));
  };
  const tell = async (revocation: Revocation): Promise<void> => {
    listener?.changed(revocation);
    await settle();
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1000) {
      clock.advance(1000);
      await settle();
    }
  };
  const raised: Revocation = { kind: 'client', clientId: clientId('a'), generation: generation(9) };

  beforeEach(() => {
    clock = timedClock();
    asked = 0;
    ends = [];
    byToken = { ...bySecret, bearer: { tokenId: tokenId('t'), expiresAtMs: clock.now() + 3_600_000 } };
    answer = async () => byToken;
  });
  afterEach(() => expect(clock.pending, 'timers left').to.equal(0));

  it('is refused as any call is, and then leaves nothing behind', async () => {
    answer = async () => Promise.reject(invalidClient());
    const error = await hold().catch((why: unknown) => why);
    expect(error).to.have.property('code', 'invalid_client');
    await tell(raised);
    expect(asked).to.equal(1);
  });

  it('ends at once when the caller itself is revoked', async () => {
    await hold();
    answer = async () => Promise.reject(invalidClient());
    await tell(raised);
    expect(ends.map(({ code }) => code)).to.deep.equal(['invalid_client']);
  });

  it('ends at once when its token, or the key of its token, is revoked', async () => {
    for (const revocation of [
      { kind: 'token', tokenId: tokenId('t'), forgetAtSeconds: 1 },
      { kind: 'key', keyId: keyId('k') },
    ] as const) {
      ends = [];
      answer = async () => byToken;
      await hold();
      answer = async () => Promise.reject(new AuthError('invalid_token', 'no'));
      await tell(revocation);
      expect(ends.map(({ code }) => code)).to.deep.equal(['invalid_token']);
    }
  });

  it('outlives the revocation of others, without asking', async () => {
    const standing = await hold();
    await tell({ kind: 'client', clientId: clientId('b'), generation: generation(9) });
    await tell({ kind: 'token', tokenId: tokenId('u'), forgetAtSeconds: 1 });
    expect(asked).to.equal(1);
    standing.release();
  });

  it('does not miss a revocation that came while it was first being decided', async () => {
    let decide: (caller: Caller) => void = () => undefined;
    answer = () => new Promise((resolve) => (decide = resolve));
    const holding = hold();
    await tell(raised);
    answer = async () => Promise.reject(invalidClient());
    decide(bySecret);
    await holding;
    await settle();
    expect(ends.map(({ code }) => code)).to.deep.equal(['invalid_client']);
  });

  it('ends within a minute of its token, so that the caller comes again with a fresh one', async () => {
    byToken = { ...bySecret, bearer: { tokenId: tokenId('t'), expiresAtMs: clock.now() + 100_000 } };
    await hold();
    await pass(99_000);
    expect(ends).to.deep.equal([]);
    await pass(61_000);
    expect(ends.map(({ code }) => code)).to.deep.equal(['temporarily_unavailable']);
  });

  it('ends within a minute of a permission that is taken away', async () => {
    await hold();
    answer = async () => Promise.reject(new AuthError('insufficient_scope', 'no'));
    await pass(60_000);
    expect(ends.map(({ code }) => code)).to.deep.equal(['insufficient_scope']);
  });

  it('goes on while the store cannot tell, and ends when it can again', async () => {
    await hold();
    answer = async () => Promise.reject(temporarilyUnavailable());
    await pass(300_000);
    expect(ends).to.deep.equal([]);
    answer = async () => Promise.reject(invalidClient());
    await pass(60_000);
    expect(ends.length).to.equal(1);
  });

  it('released, hears of nothing any more', async () => {
    const standing = await hold();
    answer = async () => Promise.reject(invalidClient());
    listener?.changed(raised);
    standing.release();
    await settle();
    await pass(60_000);
    expect(ends).to.deep.equal([]);
  });
});
