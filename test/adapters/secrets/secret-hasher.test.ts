import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { secretGenerator } from '../../../src/adapters/secrets/secret-generator.js';
import { makeSecretHasher, type Peppers } from '../../../src/adapters/secrets/secret-hasher.js';
import type { StoredSecret } from '../../../src/domain/client.js';
import type { SecretHasher } from '../../../src/domain/ports.js';
import { storedSecret } from '../../support/records.js';

/** Peppers by hand; a new one is used for new secrets, the old ones stay known. */
class HandPeppers implements Peppers {
  readonly keys = new Map<string, KeyObject>();
  constructor(...ids: string[]) {
    for (const id of ids) this.keys.set(id, createSecretKey(randomBytes(32)));
  }
  newestPepper() {
    const [pepperId, key] = [...this.keys].at(-1) ?? [];
    if (pepperId === undefined || key === undefined) throw new Error('no pepper');
    return { pepperId, key };
  }
  pepper(pepperId: string) {
    return this.keys.get(pepperId);
  }
  add(id: string): void {
    this.keys.set(id, createSecretKey(randomBytes(32)));
  }
}

const stored = (hasher: SecretHasher, id: string, secret: string): StoredSecret =>
  storedSecret(id, hasher.hash(secret));

describe('the secret hasher', () => {
  it('keeps of each secret that it remembers its hash and no more, whatever else was read in between', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const hasher = makeSecretHasher(new HandPeppers('p1'));
    const kept = Array.from({ length: 2000 }, (_, i) => stored(hasher, `s${i}`, `secret ${i}`));
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    for (const one of kept) {
      hasher.find('another', [one]);
      // Fills the pool from which Node cuts small buffers, as a server's other work does.
      for (let i = 0; i < 3; i += 1) Buffer.from('x'.repeat(4000));
    }
    collectGarbage();
    const grown = process.memoryUsage().arrayBuffers - before;
    // Half a pool for each: what was cut from one in vain is swept beside this thread, and may still count.
    expect(grown).to.be.below(kept.length * 4096);
    expect(hasher.find('secret 7', kept)).to.equal(kept[7]);
  });

  it('finds the one stored secret that was presented, wherever it stands among them', () => {
    const hasher = makeSecretHasher(new HandPeppers('p1'));
    const secrets = Array.from({ length: 5 }, () => secretGenerator.generate());
    const kept = secrets.map((secret, i) => stored(hasher, `s${i}`, secret));
    secrets.forEach((secret, i) => {
      expect(hasher.find(secret, kept)).to.equal(kept[i]);
    });
  });

  it('finds nothing for a wrong secret, for none, and where there are none', () => {
    const hasher = makeSecretHasher(new HandPeppers('p1'));
    const kept = [stored(hasher, 's1', secretGenerator.generate())];
    expect(hasher.find(secretGenerator.generate(), kept)).to.equal(undefined);
    expect(hasher.find('', kept)).to.equal(undefined);
    expect(hasher.find(secretGenerator.generate(), [])).to.equal(undefined);
  });

  it('stores HMAC-SHA-256 under a pepper, which it names, and the same for a secret from elsewhere', () => {
    const peppers = new HandPeppers('p1');
    const { key } = peppers.newestPepper();
    for (const secret of [
      secretGenerator.generate(),
      'an imported secret of 32 characters',
      'ä'.repeat(32),
    ]) {
      const expected = createHmac('sha256', key).update(secret).digest('base64url');
      expect(makeSecretHasher(peppers).hash(secret)).to.deep.equal({ hash: expected, pepperId: 'p1' });
    }
  });

  it('gives the same secret another hash under another pepper', () => {
    const secret = secretGenerator.generate();
    const hash = (id: string) => makeSecretHasher(new HandPeppers(id)).hash(secret).hash;
    expect(hash('p1')).not.to.equal(hash('p2'));
  });

  it('uses a new pepper for new secrets and still knows those under the old one', () => {
    const peppers = new HandPeppers('p1');
    const hasher = makeSecretHasher(peppers);
    const [old, fresh] = [secretGenerator.generate(), secretGenerator.generate()];
    const kept = [stored(hasher, 's1', old)];
    peppers.add('p2');
    kept.push(stored(hasher, 's2', fresh));
    expect(kept.map(({ pepperId }) => pepperId)).to.deep.equal(['p1', 'p2']);
    expect(hasher.find(old, kept)?.secretId).to.equal('s1');
    expect(hasher.find(fresh, kept)?.secretId).to.equal('s2');
  });

  it('does not call a secret wrong that is under a pepper it has yet to learn of', () => {
    const [here, elsewhere] = [new HandPeppers('p1'), new HandPeppers('p2')];
    const hasher = makeSecretHasher(here);
    const [known, unknown] = [secretGenerator.generate(), secretGenerator.generate()];
    const kept = [stored(makeSecretHasher(elsewhere), 's2', unknown), stored(hasher, 's1', known)];
    expect(() => hasher.find(unknown, kept))
      .to.throw()
      .with.property('code', 'temporarily_unavailable');
    expect(hasher.find(known, kept)?.secretId).to.equal('s1');
  });

  it('matches no hash that is damaged, whatever is presented', () => {
    const hasher = makeSecretHasher(new HandPeppers('p1'));
    const secret = secretGenerator.generate();
    const good = stored(hasher, 's1', secret);
    for (const hash of ['', 'AAAA', good.hash.slice(0, -2), `${good.hash}AA`]) {
      expect(hasher.find(secret, [{ ...good, hash }])).to.equal(undefined);
    }
  });

  it('computes one HMAC for a client that does not exist, and one for each pepper of one that does', () => {
    const peppers = new HandPeppers('p1');
    let hmacs = 0;
    const hasher = makeSecretHasher(peppers, (secret, key) => {
      hmacs += 1;
      return createHmac('sha256', key).update(secret).digest();
    });
    const work = (kept: readonly StoredSecret[]): number => {
      hmacs = 0;
      hasher.find('wrong', kept);
      return hmacs;
    };
    const make = (count: number) =>
      Array.from({ length: count }, (_, i) => stored(hasher, `s${i}`, `secret ${i}`));
    expect([0, 1, 5, 50].map((count) => work(make(count)))).to.deep.equal([1, 1, 1, 1]);
    const old = make(2);
    peppers.add('p2');
    expect(work(old)).to.equal(1);
    expect(work([...make(2), ...old])).to.equal(2);
  });
});
