import { expect } from 'chai';
import { callsIn } from './strace.js';

describe('a trace of system calls', () => {
  it('has each call where it ended, also where another thread came between', () => {
    const trace = [
      '10 read(8, "*1\\r\\n", 16384) = 4',
      '11 fdatasync(9 <unfinished ...>',
      '10 write(8, "+OK = 5\\r\\n", 5) = 5',
      '11 <... fdatasync resumed>) = 0',
      '10 read(8, 0x7f, 16384) = -1 EAGAIN (Resource temporarily unavailable)',
      '10 +++ exited with 0 +++',
    ].join('\n');
    expect(callsIn(trace).map(({ name, descriptor, result }) => [name, descriptor, result])).to.deep.equal([
      ['read', 8, 4],
      ['write', 8, 5],
      ['fdatasync', 9, 0],
      ['read', 8, -1],
    ]);
  });
});
