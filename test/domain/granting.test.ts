import { expect } from 'chai';
import fc from 'fast-check';
import { grantAudience } from '../../src/domain/audience.js';
import type { ClientSettings } from '../../src/domain/client.js';
import { AuthError } from '../../src/domain/errors.js';
import { grantScopes, isScope } from '../../src/domain/scope.js';

const settings = (changes: Partial<ClientSettings> = {}): ClientSettings => ({
  displayName: '',
  allowedScopes: ['a', 'b', 'c'],
  defaultScopes: ['a'],
  allowedAudiences: ['https://x.example', 'https://y.example'],
  defaultAudience: '',
  introspectionOnly: false,
  servesAudiences: [],
  tokenTtlSeconds: 0,
  ext: undefined,
  labels: {},
  ...changes,
});

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'ok';
  } catch (err) {
    if (!(err instanceof AuthError)) throw err;
    return err.code;
  }
};

describe('scopes', () => {
  it('are granted exactly as asked for when all are allowed, each once', () => {
    expect(grantScopes(['b', 'a', 'b'], settings())).to.deep.equal(['b', 'a']);
  });

  it('are never narrowed silently: one that is not allowed refuses the whole request', () => {
    expect(codeOf(() => grantScopes(['a', 'z'], settings()))).to.equal('invalid_scope');
  });

  it('default when none is asked for, and must be named where there is no default to fall back on', () => {
    expect(grantScopes([], settings())).to.deep.equal(['a']);
    expect(codeOf(() => grantScopes([], settings({ defaultScopes: [] })))).to.equal('invalid_scope');
    expect(grantScopes([], settings({ allowedScopes: [], defaultScopes: [] }))).to.deep.equal([]);
  });

  it('have only the characters of RFC 6749 section 3.3', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }), (text) => {
        const legal = [...text].every((c) => c >= '!' && c <= '~' && c !== '"' && c !== '\\');
        expect(isScope(text)).to.equal(legal);
      }),
    );
    expect(isScope('')).to.equal(false);
    expect(isScope('x'.repeat(129))).to.equal(false);
  });

  it('asked for by the thousands are refused before any is looked at', () => {
    expect(codeOf(() => grantScopes(Array(10_000).fill('a'), settings()))).to.equal('invalid_scope');
  });

  it('whatever is asked for, what is granted was allowed', () => {
    const scope = fc.constantFrom('a', 'b', 'c', 'd', '', 'A', 'a b', '"');
    fc.assert(
      fc.property(fc.array(scope), fc.subarray(['a', 'b', 'c']), (asked, allowed) => {
        const client = settings({ allowedScopes: allowed, defaultScopes: allowed.slice(0, 1) });
        try {
          expect(allowed).to.include.members([...grantScopes(asked, client)]);
        } catch (err) {
          if (!(err instanceof AuthError)) throw err;
        }
      }),
    );
  });
});

describe('the audience', () => {
  const ask = (audience: string, resources: string[] = [], client = settings()) =>
    grantAudience({ audience, resources }, client);

  it('is the one asked for, as audience or as resource or as both alike', () => {
    expect(ask('https://x.example')).to.equal('https://x.example');
    expect(ask('', ['https://x.example'])).to.equal('https://x.example');
    expect(ask('https://x.example', ['https://x.example'])).to.equal('https://x.example');
    expect(ask('', ['https://x.example', 'https://x.example'])).to.equal('https://x.example');
  });

  it('is one: two different ones are refused, however they are named', () => {
    expect(codeOf(() => ask('', ['https://x.example', 'https://y.example']))).to.equal('invalid_target');
    expect(codeOf(() => ask('https://x.example', ['https://y.example']))).to.equal('invalid_target');
  });

  for (const resource of [
    'x',
    '/path',
    'https://x.example#f',
    'https:',
    'https://x.example/ a',
    '//x.example',
  ]) {
    it(`as a resource must be an absolute URI without fragment: not ${resource}`, () => {
      const client = settings({ allowedAudiences: [resource] });
      expect(codeOf(() => ask('', [resource], client))).to.equal('invalid_target');
    });
  }

  it('must be allowed', () => {
    expect(codeOf(() => ask('https://z.example'))).to.equal('invalid_target');
    expect(codeOf(() => ask('https://X.example'))).to.equal('invalid_target');
  });

  it('left out is the default, or the only one, or refused', () => {
    expect(ask('', [], settings({ defaultAudience: 'https://y.example' }))).to.equal('https://y.example');
    expect(ask('', [], settings({ allowedAudiences: ['only'] }))).to.equal('only');
    expect(codeOf(() => ask(''))).to.equal('invalid_target');
  });
});
