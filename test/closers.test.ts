import { expect } from 'chai';
import { makeClosers } from '../src/closers.js';

describe('closers', () => {
  it('close in the reverse of the order in which things were opened', async () => {
    const order: string[] = [];
    const closers = makeClosers();
    closers.add('store', 100, () => void order.push('store'));
    closers.add('server', 100, async () => void order.push('server'));
    expect(await closers.closeAll()).to.deep.equal([]);
    expect(order).to.deep.equal(['server', 'store']);
  });

  it('go on past one that fails or hangs, and name it', async () => {
    let closed = false;
    const closers = makeClosers();
    closers.add('last', 100, () => {
      closed = true;
    });
    closers.add('hangs', 1, () => new Promise(() => undefined));
    closers.add('throws', 100, () => {
      throw new Error('no');
    });
    expect(await closers.closeAll()).to.deep.equal(['throws', 'hangs']);
    expect(closed).to.equal(true);
  });

  it('close everything once, however often they are asked to', async () => {
    let times = 0;
    const closers = makeClosers();
    closers.add('x', 100, () => void times++);
    await Promise.all([closers.closeAll(), closers.closeAll()]);
    await closers.closeAll();
    expect(times).to.equal(1);
  });
});
