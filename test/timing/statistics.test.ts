import { expect } from 'chai';
import { compare, medianOf, wilcoxonP } from '../../scripts/timing/statistics.js';
import { randomFrom } from '../faults/random.js';

describe('the statistics of times', () => {
  const random = randomFrom(7);
  /** Noise with a long tail, as of times. */
  const noise = (): number => 100 + 20 / (0.05 + random.next());

  it('find a median between two, and in the middle', () => {
    expect(medianOf([4, 1, 3])).to.equal(3);
    expect(medianOf([4, 1, 3, 2])).to.equal(2.5);
  });

  it('give the p of textbooks for the signed-rank test, ties and zeros included', () => {
    expect(wilcoxonP([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).to.be.closeTo(0.00506, 0.00005);
    expect(wilcoxonP([1, -2, 3, -4, 5, -6, 7, -8])).to.be.closeTo(0.7794, 0.0005);
    expect(wilcoxonP([2, 2, 2, -2, 0, 0])).to.be.closeTo(0.3173, 0.0005);
    expect(wilcoxonP([0, 0])).to.equal(1);
  });

  it('find a difference of a tenth of the noise in pairs, and none where there is none', () => {
    const pairs = Array.from({ length: 4000 }, () => [noise(), noise()] as const);
    const others = pairs.map(([, other]) => other);
    const same = compare(
      pairs.map(([one]) => one),
      others,
      random.next,
    );
    expect(same.interval[0]).to.be.lessThan(0);
    expect(same.interval[1]).to.be.greaterThan(0);
    expect(same.p).to.be.greaterThan(0.01);
    const slower = compare(
      pairs.map(([one]) => one + 5),
      others,
      random.next,
    );
    expect(slower.interval[0]).to.be.greaterThan(0);
    expect(slower.interval[0]).to.be.lessThan(5);
    expect(slower.interval[1]).to.be.greaterThan(5);
    expect(slower.p).to.be.lessThan(0.001);
  });
});
