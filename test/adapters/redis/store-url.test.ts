import { expect } from 'chai';
import fc from 'fast-check';
import { parseStoreUrl } from '../../../src/adapters/redis/store-url.js';

const open = { username: undefined, password: undefined, tls: false };

describe('the address of a store', () => {
  it('is read in every form that the contract names', () => {
    expect(parseStoreUrl('memory:')).to.deep.equal({ kind: 'memory' });
    expect(parseStoreUrl('redis://localhost')).to.deep.equal({
      kind: 'standalone',
      ...open,
      host: 'localhost',
      port: 6379,
    });
    expect(parseStoreUrl('rediss://app:s%40cret@[::1]:7000/')).to.deep.equal({
      kind: 'standalone',
      username: 'app',
      password: 's@cret',
      tls: true,
      host: '::1',
      port: 7000,
    });
    expect(parseStoreUrl('redis-cluster://:p@a:7000,b')).to.deep.equal({
      kind: 'cluster',
      ...open,
      password: 'p',
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
      ],
    });
    expect(parseStoreUrl('rediss-sentinel://a:26380,b/my-master')).to.deep.equal({
      kind: 'sentinel',
      ...open,
      tls: true,
      sentinels: [
        { host: 'a', port: 26380 },
        { host: 'b', port: 26379 },
      ],
      masterName: 'my-master',
    });
  });

  it('may hold a password with a raw @, a colon or a slash', () => {
    expect(parseStoreUrl('redis://u:a@b:c/d@h:1')).to.include({ password: 'a@b:c/d', host: 'h', port: 1 });
  });

  for (const text of [
    '',
    'memory://',
    'http://h',
    'redis:h',
    'redis://',
    'redis://a,b',
    'redis://h:0',
    'redis://h:65536',
    'redis://h/1',
    'redis://h?family=6',
    'redis://user@h',
    'redis://user:@h',
    'redis://u:%zz@h',
    'redis-sentinel://h',
    'redis-sentinel://h/',
    'redis-cluster://a,,b',
    'redis-unknown://h',
  ]) {
    it(`is refused in words: ${text}`, () => {
      expect(() => parseStoreUrl(text)).to.throw(Error, /^must /);
    });
  }

  it('never gives its password away, however wrong it is', () => {
    const canary = 'cAnArY7';
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        for (const text of [
          `redis://u:${canary}${before}@${after}`,
          `redis-sentinel://:${before}${canary}@${after}`,
          `${before}://u:${canary}@${after}`,
        ]) {
          try {
            parseStoreUrl(text);
          } catch (error) {
            expect(String(error)).not.to.contain(canary);
          }
        }
      }),
    );
  });
});
