import { expect } from 'chai';
import { traceContextFrom } from '../../src/wire/trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('a trace that a caller has begun', () => {
  it('is read from traceparent, whether it is sampled or not', () => {
    const ids = { traceId: TRACE, spanId: SPAN };
    expect(traceContextFrom(`00-${TRACE}-${SPAN}-01`)).to.deep.equal({ ...ids, sampled: true });
    expect(traceContextFrom(`00-${TRACE}-${SPAN}-00`)).to.deep.equal({ ...ids, sampled: false });
    expect(traceContextFrom(`00-${TRACE}-${SPAN}-03`)).to.deep.equal({ ...ids, sampled: true });
  });

  it('is read from what later versions have in common with ours', () => {
    expect(traceContextFrom(`cc-${TRACE}-${SPAN}-01-what-the-future-holds`)).to.have.property(
      'traceId',
      TRACE,
    );
    expect(traceContextFrom(`cc-${TRACE}-${SPAN}-01.`)).to.equal(undefined);
  });

  it('is none when it is malformed, and that is no fault', () => {
    for (const bad of [
      undefined,
      '',
      Buffer.from('x'),
      ['x'],
      `00-${TRACE}-${SPAN}`,
      `00-${TRACE}-${SPAN}-01-more`,
      `ff-${TRACE}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01\n{"forged":"line"}`,
      `00-${TRACE}-${SPAN}-01${'x'.repeat(1000)}`,
    ]) {
      expect(traceContextFrom(bad)).to.equal(undefined);
    }
  });
});
