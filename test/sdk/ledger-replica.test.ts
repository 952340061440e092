import { expect } from 'chai';
import { LedgerReplica } from '../../src/sdk/ledger-replica.js';
import { clientAt, keyGone, tokenUntil } from './revocations.js';

describe('LedgerReplica', () => {
  it('merges by maximum: what comes late or twice takes nothing back', () => {
    const replica = new LedgerReplica();
    for (const generation of [3, 7, 5, 2 ** 53 - 1, 8]) replica.merge(clientAt('a', generation));
    expect(replica.generationOf('a')).to.equal(2 ** 53 - 1);
    expect(replica.generationOf('b')).to.equal(0);
  });

  it('holds a token id until the latest time that any entry named', () => {
    const replica = new LedgerReplica();
    replica.merge(tokenUntil('t', 600));
    replica.merge(tokenUntil('t', 1200));
    replica.merge(tokenUntil('t', 300));
    for (const nowSeconds of [0, 300, 660, 1200]) {
      replica.forget(nowSeconds);
      expect(replica.isTokenRevoked('t'), String(nowSeconds)).to.equal(true);
    }
    replica.forget(1260);
    expect(replica.isTokenRevoked('t')).to.equal(false);
    expect(replica.sizes.tokens).to.equal(0);
  });

  it('remembers through when it may have forgotten, though the clock be set back', () => {
    const replica = new LedgerReplica();
    replica.merge(tokenUntil('t', 600));
    replica.forget(10_000);
    replica.forget(0);
    expect(replica.forgottenThroughSeconds).to.be.within(600, 660);
  });

  it('holds generations and keys for good', () => {
    const replica = new LedgerReplica();
    replica.merge(clientAt('a', 1));
    replica.merge(keyGone('k'));
    replica.forget(Number.MAX_SAFE_INTEGER);
    expect(replica.generationOf('a')).to.equal(1);
    expect(replica.isKeyRevoked('k')).to.equal(true);
  });

  it('forgets a large ledger in bounded steps', () => {
    const replica = new LedgerReplica();
    for (let index = 0; index < 12_000; index += 1) replica.merge(tokenUntil(`t${index}`, 60));
    const sizes = [];
    for (let more = true; more; ) {
      more = replica.forget(1000);
      sizes.push(replica.sizes.tokens);
    }
    expect(sizes).to.deep.equal([7000, 2000, 0]);
  });

  it('says when it is told of a kind it does not know', () => {
    expect(new LedgerReplica().merge({ kind: undefined })).to.equal(false);
  });
});
