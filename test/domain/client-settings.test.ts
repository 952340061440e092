import { expect } from 'chai';
import type { ClientSettings } from '../../src/domain/client.js';
import { checkClientSettings } from '../../src/domain/client-settings.js';
import { AuthError } from '../../src/domain/errors.js';

const GOOD: ClientSettings = {
  displayName: 'Orders',
  allowedScopes: ['a', 'b'],
  defaultScopes: ['a'],
  allowedAudiences: ['https://x.example'],
  defaultAudience: '',
  introspectionOnly: false,
  servesAudiences: ['https://x.example'],
  tokenTtlSeconds: 600,
  ext: { tenant: 'north', tier: 3, flags: [true, null] },
  labels: { team: 'orders' },
};

const check = (changes: Partial<ClientSettings>): ClientSettings =>
  checkClientSettings({ ...GOOD, ...changes }, 86_400);

const nested = (depth: number): ClientSettings['ext'] =>
  depth === 0 ? { leaf: true } : { down: nested(depth - 1) ?? null };

const BAD: [why: string, changes: Partial<ClientSettings>][] = [
  ['a default scope that is not allowed', { defaultScopes: ['z'] }],
  ['a scope with a space', { allowedScopes: ['a b'], defaultScopes: [] }],
  ['65 scopes', { allowedScopes: Array.from({ length: 65 }, (_, i) => `s${i}`), defaultScopes: [] }],
  ['no audience at all', { allowedAudiences: [] }],
  ['an audience with a control character', { allowedAudiences: ['a\n'] }],
  ['a default audience that is not allowed', { defaultAudience: 'https://z.example' }],
  ['a negative life', { tokenTtlSeconds: -1 }],
  ['a life above the ceiling', { tokenTtlSeconds: 86_401 }],
  ['half a second', { tokenTtlSeconds: 0.5 }],
  ['a display name that forges a log line', { displayName: 'a\r\nb' }],
  ['a display name with half a character', { displayName: '\ud800' }],
  ['a display name past 128 characters', { displayName: 'x'.repeat(129) }],
  ['ext past 1 KiB', { ext: { x: 'y'.repeat(1024) } }],
  ['ext that JSON cannot say', { ext: { x: Number.NaN } }],
  ['ext that is deeper than any reader likes', { ext: nested(9) }],
  ['ext with __proto__', { ext: JSON.parse('{"a":{"__proto__":{"admin":true}}}') }],
  ['33 labels', { labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, ''])) }],
  ['a label key with a colon', { labels: { 'a:b': '' } }],
  ['a label value past 256 characters', { labels: { a: 'x'.repeat(257) } }],
];

describe('client settings', () => {
  it('that are good come back frozen and as they were', () => {
    const settings = check({});
    expect(settings).to.deep.equal(GOOD);
    expect(Object.isFrozen(settings)).to.equal(true);
  });

  it('lose repeats, and an ext of nothing', () => {
    const settings = check({ allowedScopes: ['a', 'b', 'a'], ext: {} });
    expect(settings.allowedScopes).to.deep.equal(['a', 'b']);
    expect(settings.ext).to.equal(undefined);
  });

  it('may name no audience when the client gets no tokens', () => {
    expect(check({ allowedAudiences: [], introspectionOnly: true }).allowedAudiences).to.deep.equal([]);
  });

  for (const [why, changes] of BAD) {
    it(`are refused with invalid_request for ${why}`, () => {
      expect(() => check(changes))
        .to.throw(AuthError)
        .with.property('code', 'invalid_request');
    });
  }
});
