import { expect } from 'chai';
import { invalidClient, temporarilyUnavailable } from '../../src/domain/errors.js';
import { makeExamineToken } from '../../src/domain/examine-token.js';
import { makeIntrospectToken } from '../../src/domain/introspect-token.js';
import type { ReadToken } from '../../src/domain/ports.js';
import type { AuthenticToken } from '../../src/domain/token.js';
import { authenticToken, clientId, tokenId } from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { callWith } from '../support/service.js';

const AUTHENTIC = authenticToken();

describe('examining a token', () => {
  let done: string[];
  beforeEach(() => {
    done = [];
  });

  /** Of a token that says this of itself and proves to be that, by a store that knows. */
  const examine = (
    { claimed, proves }: { claimed?: ReadToken['claimed']; proves?: AuthenticToken },
    alive = async () => true,
  ) =>
    makeExamineToken({
      codec: {
        read: () => ({
          claimed,
          prove: async () => {
            done.push('proved');
            return proves;
          },
        }),
      },
      isAlive: () => {
        done.push('asked');
        return alive();
      },
    });
  const good = { claimed: AUTHENTIC, proves: AUTHENTIC };
  const forged = { claimed: AUTHENTIC };
  const failing = async (): Promise<boolean> => {
    throw temporarilyUnavailable(new Error('down'));
  };

  it('asks the store at once, and checks no signature before it is told to', async () => {
    const finish = examine(good)('token');
    expect(done).to.deep.equal(['asked']);
    await new Promise(setImmediate);
    expect(done).to.deep.equal(['asked']);
    expect(await finish()).to.equal(AUTHENTIC);
    expect(done).to.deep.equal(['asked', 'proved']);
  });

  it('checks no signature for whoever is not admitted', async () => {
    const { introspectToken } = makeIntrospectToken({
      admit: () => Promise.reject(invalidClient()),
      examineToken: examine(good, failing),
    });
    await refusal(introspectToken({ token: 'token' }, callWith({ kind: 'none' })), 'invalid_client');
    expect(done).to.deep.equal(['asked']);
  });

  it('of a hundred tokens examines sixteen at a time, and answers in their order', async () => {
    let most = 0;
    let under = 0;
    const { batchIntrospectTokens } = makeIntrospectToken({
      admit: () => Promise.reject(invalidClient()),
      examineToken: (token) => async () => {
        under += 1;
        most = Math.max(most, under);
        await new Promise(setImmediate);
        under -= 1;
        return authenticToken({ tokenId: tokenId(token) });
      },
    });
    const tokens = Array.from({ length: 100 }, (_, n) => `t${n}`);
    const caller = { clientId: clientId('rs'), scopes: [], servesAudiences: ['*'] };
    const verdicts = await batchIntrospectTokens({ tokens }, caller, callWith({ kind: 'none' }));
    expect(verdicts.map((verdict) => verdict?.claims.tokenId)).to.deep.equal(tokens);
    expect(most).to.equal(16);
  });

  it('takes no token’s word: one that lives by what it says, and is not authentic, is nothing', async () => {
    expect(await examine(forged)('token')()).to.equal(undefined);
  });

  it('fails with the store, but for a forgery, which is nothing whatever the store says', async () => {
    await refusal(examine(good, failing)('token')(), 'temporarily_unavailable');
    expect(await examine(forged, failing)('token')()).to.equal(undefined);
  });

  it('asks about a token that says nothing of itself once it is proven', async () => {
    expect(await examine({ proves: AUTHENTIC })('token')()).to.equal(AUTHENTIC);
    expect(await examine({ proves: AUTHENTIC }, async () => false)('token')()).to.equal(undefined);
    expect(done).to.deep.equal(['proved', 'asked', 'proved', 'asked']);
  });
});
