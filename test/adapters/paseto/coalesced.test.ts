import { expect } from 'chai';
import { coalesced } from '../../../src/adapters/paseto/coalesced.js';

/** A run that ends when told, counting how often it began. */
function controlled() {
  const ends: { resolve(value: number): void; reject(err: Error): void }[] = [];
  const run = () =>
    new Promise<number>((resolve, reject) => {
      ends.push({ resolve, reject });
    });
  return { ends, ask: coalesced(run) };
}

/** Lets every promise that is settled have its say. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a coalesced run', () => {
  it('begins at once when nothing runs', () => {
    const { ends, ask } = controlled();
    void ask();
    expect(ends).to.have.length(1);
  });

  it('answers a crowd that came during a run with one further run, begun after they asked', async () => {
    const { ends, ask } = controlled();
    const first = ask();
    const crowd = [ask(), ask(), ask()];
    expect(ends).to.have.length(1);
    ends[0]?.resolve(1);
    expect(await first).to.equal(1);
    await settled();
    expect(ends).to.have.length(2);
    ends[1]?.resolve(2);
    expect(await Promise.all(crowd)).to.deep.equal([2, 2, 2]);
  });

  it('hands a failure to those who asked for that run, and to nobody else', async () => {
    const { ends, ask } = controlled();
    const first = ask();
    const second = ask();
    ends[0]?.reject(new Error('first'));
    expect(await first.catch((err: Error) => err.message)).to.equal('first');
    await settled();
    ends[1]?.resolve(2);
    expect(await second).to.equal(2);
  });

  it('never runs twice at a time, and runs again for whoever comes later', async () => {
    const { ends, ask } = controlled();
    const asked = [ask(), ask()];
    ends[0]?.resolve(1);
    await settled();
    asked.push(ask());
    expect(ends).to.have.length(2);
    ends[1]?.resolve(2);
    await settled();
    expect(ends).to.have.length(3);
    ends[2]?.resolve(3);
    expect(await Promise.all(asked)).to.deep.equal([1, 2, 3]);
    void ask();
    expect(ends).to.have.length(4);
  });
});
