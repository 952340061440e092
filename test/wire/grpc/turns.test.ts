import { expect } from 'chai';
import { Turns } from '../../../src/wire/grpc/turns.js';

describe('turns', () => {
  const PLACES = Array.from({ length: 100 }, (_, index) => index / 100);
  const having = (turns: Turns): number[] => PLACES.filter((place) => turns.has(place));

  it('are given to fewer while there is no room, and to more while there is much', () => {
    const turns = new Turns(0);
    expect(having(turns)).to.have.length(50);
    turns.pass(100, 'none');
    const fewer = having(turns).length;
    expect(fewer).to.be.below(50);
    turns.pass(200, 'some');
    expect(having(turns).length).to.be.within(fewer - 1, fewer + 1);
    turns.pass(300, 'much');
    expect(having(turns).length).to.be.above(fewer);
  });

  it('come round to everybody', () => {
    const turns = new Turns(0);
    turns.pass(0, 'none');
    const had = new Set<number>();
    for (let nowMs = 100; nowMs <= 10_000; nowMs += 100) {
      turns.pass(nowMs, 'some');
      for (const place of having(turns)) had.add(place);
    }
    expect(had).to.have.property('size', 100);
  });

  it('are over once everybody has had one at once for a while, or have been tried for long', () => {
    const calm = new Turns(0);
    let nowMs = 0;
    for (; !calm.areOver && nowMs < 60_000; nowMs += 100) calm.pass(nowMs, 'much');
    expect(having(calm)).to.have.length(100);
    expect(nowMs).to.be.within(1000, 5000);
    const full = new Turns(0);
    for (nowMs = 0; !full.areOver && nowMs < 60_000; nowMs += 100) full.pass(nowMs, 'none');
    expect(nowMs).to.be.within(19_000, 21_000);
  });
});
