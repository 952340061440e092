import { active, all, header, inactive, json, member, noStore, refused } from '../expectation.js';
import { basic, bearer, FORM, formOf, inBody, type Parameters, type Probe } from '../probe.js';
import { type Answer, jsonOf } from '../raw-http.js';
import { type Row, row } from '../row.js';

const CALLER = 'RFC 7662 2.1, 2.3';
const ANSWER = 'RFC 7662 2.2';
const badRequest = refused(400, 'invalid_request');
const badClient = refused(401, 'invalid_client');
const introspector: Row['needs'] = ['introspector'];
const both: Row['needs'] = ['client', 'introspector'];

/** A question by the introspector about this. */
const about =
  (parameters: Parameters) =>
  (probe: Probe): Promise<Answer> =>
    probe.post('introspection', parameters, basic(probe.client('introspector')));
const bearerOf = (probe: Probe): Promise<string> =>
  probe.issue('bearerIntrospector', { audience: probe.target.issuer, scope: 'countersign:introspect' });
/** A token with one byte of its signature changed. */
export const forged = (token: string): string => {
  const at = token.lastIndexOf('.') > 20 ? token.lastIndexOf('.') - 8 : token.length - 8;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
};
/** Signed well, by a key of nobody's: the example of the PASETO specification (4-S-1). */
const FOREIGN =
  'v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9bg_XBBzds8lTZShVlwwKSgeKpLT3yukTw6JUz3W4h_ExsQV-P0V54zemZDcAxFaSeef1QlXEFtkqxT1ciiQEDA';

/** Who may ask (PROTOCOL.md I1). */
const callers: readonly Row[] = [
  row('I1', CALLER, 'no credentials', badClient, (p) => p.post('introspection', { token: 'x' }), []),
  row(
    'I1b',
    CALLER,
    'wrong secret by Basic',
    badClient,
    (p) =>
      p.post('introspection', { token: 'x' }, basic({ id: p.client('introspector').id, secret: 'wrong' })),
    introspector,
  ),
  row(
    'I1c',
    CALLER,
    'wrong secret in the body',
    badClient,
    (p) =>
      p.post('introspection', {
        token: 'x',
        ...inBody({ id: p.client('introspector').id, secret: 'wrong' }),
      }),
    introspector,
  ),
  row(
    'I1d',
    CALLER,
    'Bearer that is no token',
    refused(401, 'invalid_token', 'Bearer'),
    (p) => p.post('introspection', { token: 'x' }, bearer('nonsense')),
    [],
  ),
  row(
    'I1e',
    CALLER,
    'Bearer of a token for another audience',
    refused(401, 'invalid_token', 'Bearer'),
    async (p) => p.post('introspection', { token: 'x' }, bearer(await p.issue('client'))),
  ),
  row(
    'I1f',
    CALLER,
    'Bearer without the scope',
    refused(401, 'insufficient_scope', 'Bearer'),
    async (p) => {
      const token = await p.issue('bearerIntrospector', { audience: p.target.issuer, scope: p.target.scope });
      return p.post('introspection', { token: 'x' }, bearer(token));
    },
    ['bearerIntrospector'],
  ),
  row(
    'I1g',
    'RFC 6750 3',
    'and it is told which scope',
    header('www-authenticate', /error="insufficient_scope".*scope="countersign:introspect"/),
    async (p) => {
      const token = await p.issue('bearerIntrospector', { audience: p.target.issuer, scope: p.target.scope });
      return p.post('introspection', { token: 'x' }, bearer(token));
    },
    ['bearerIntrospector'],
  ),
  row(
    'I1h',
    CALLER,
    'a client without the permission',
    refused(401, 'insufficient_scope', 'Bearer'),
    (p) => p.post('introspection', { token: 'x' }, basic(p.client('client'))),
    ['client', 'bearerIntrospector'],
  ),
  row(
    'I1i',
    CALLER,
    'Bearer with the scope',
    active,
    async (p) => p.post('introspection', { token: await p.issue('client') }, bearer(await bearerOf(p))),
    ['client', 'bearerIntrospector'],
  ),
  row(
    'I1j',
    CALLER,
    'caller by body',
    active,
    async (p) =>
      p.post('introspection', { token: await p.issue('client'), ...inBody(p.client('introspector')) }),
    both,
  ),
  row(
    'I1k',
    'RFC 6750 2, 3.1',
    'Bearer and body secret together',
    badRequest,
    (p) => p.post('introspection', { token: 'x', ...inBody(p.client('introspector')) }, bearer('x')),
    introspector,
  ),
  row(
    'I1l',
    'RFC 6750 2, 3.1',
    'Bearer and access_token in the body',
    badRequest,
    (p) => p.post('introspection', { token: 'x', access_token: 'y' }, bearer('y')),
    [],
  ),
  row(
    'I1m',
    CALLER,
    'Bearer and nothing behind it',
    refused(401, 'invalid_token', 'Bearer'),
    (p) => p.post('introspection', { token: 'x' }, ['authorization', 'Bearer']),
    [],
  ),
  row(
    'I1n',
    CALLER,
    'Bearer that was revoked',
    refused(401, 'invalid_token', 'Bearer'),
    async (p) => {
      const token = await bearerOf(p);
      await p.revoke(token, 'bearerIntrospector');
      return p.post('introspection', { token: 'x' }, bearer(token));
    },
    ['bearerIntrospector'],
  ),
];

/** Tokens of which nothing is said (I2, I3). */
const silences: readonly Row[] = [
  row('I2', ANSWER, 'unknown token', inactive, about({ token: 'no-such-token' }), introspector),
  row(
    'I2b',
    ANSWER,
    'revoked token',
    inactive,
    async (p) => {
      const token = await p.issue('client');
      await p.revoke(token);
      return p.introspect(token);
    },
    both,
  ),
  row(
    'I2c',
    ANSWER,
    'forged token',
    inactive,
    async (p) => p.introspect(forged(await p.issue('client'))),
    both,
  ),
  row(
    'I2d',
    ANSWER,
    'expired token',
    inactive,
    async (p) => {
      const token = await p.issue('shortLived');
      await p.target.abilities.wait?.(7);
      return p.introspect(token);
    },
    ['shortLived', 'introspector', 'wait'],
  ),
  row('I2e', ANSWER, "another issuer's token", inactive, about({ token: FOREIGN }), introspector),
  row(
    'I2f',
    ANSWER,
    'a token longer than 4 KiB',
    inactive,
    about({ token: `v4.public.${'A'.repeat(5000)}` }),
    introspector,
  ),
  row('I2g', ANSWER, 'token with a NUL', inactive, about({ token: 'v4.public.\0' }), introspector),
  row(
    'I3',
    CALLER,
    'a token for an audience that the caller does not serve',
    inactive,
    async (p) => p.introspect(await p.issue('client'), 'stranger'),
    ['client', 'stranger'],
  ),
];

/** The question's form (I4, I5, I10). */
const questions: readonly Row[] = [
  row('I4', 'RFC 7662 2.1', 'token missing', badRequest, about({ colour: 'blue' }), introspector),
  row('I4b', 'RFC 7662 2.1', 'token=', badRequest, about({ token: '' }), introspector),
  row(
    'I4c',
    'RFC 6749 3.2',
    'token twice',
    badRequest,
    about([
      ['token', 'x'],
      ['token', 'x'],
    ]),
    introspector,
  ),
  row(
    'I5',
    'RFC 7662 2.1',
    'unknown token_type_hint',
    active,
    async (p) => about({ token: await p.issue('client'), token_type_hint: 'magic' })(p),
    both,
  ),
  row(
    'I5b',
    'RFC 7662 2.1',
    'wrong token_type_hint',
    active,
    async (p) => about({ token: await p.issue('client'), token_type_hint: 'refresh_token' })(p),
    both,
  ),
  row(
    'I5c',
    'RFC 6749 3.2',
    'token_type_hint twice',
    badRequest,
    about([
      ['token', 'x'],
      ['token_type_hint', 'a'],
      ['token_type_hint', 'b'],
    ]),
    introspector,
  ),
  row(
    'I10',
    'RFC 7662 2.1, 4',
    'GET with the token in the URL',
    all(refused(405, 'invalid_request'), header('allow', 'POST')),
    (p) =>
      p.sendTo(`${p.target.endpoints.introspection}?token=x`, {
        method: 'GET',
        headers: [basic(p.client('introspector'))],
      }),
    introspector,
  ),
  row(
    'I10b',
    'RFC 7662 4',
    'POST with the token in the URL',
    badRequest,
    (p) =>
      p.sendTo(`${p.target.endpoints.introspection}?token=x`, {
        headers: [FORM, basic(p.client('introspector'))],
        body: formOf({ token: 'x' }),
      }),
    introspector,
  ),
  row(
    'I11',
    'RFC 7662 2.1',
    'JSON body',
    badRequest,
    (p) =>
      p.send('introspection', {
        headers: [['content-type', 'application/json'], basic(p.client('introspector'))],
        body: '{"token":"x"}',
      }),
    introspector,
  ),
];

const isSeconds = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) > 1_000_000_000 && Number(value) < 10_000_000_000;

/** What is said of a good one (I7 to I12). */
const tellings: readonly Row[] = [
  row(
    'I7',
    ANSWER,
    'active: every member and its type',
    all(
      active,
      json('all members', (found) => {
        const texts = ['client_id', 'sub', 'aud', 'iss', 'scope', 'token_type', 'jti'].filter(
          (name) => typeof found[name] !== 'string',
        );
        const times = ['exp', 'iat', 'nbf'].filter((name) => !isSeconds(found[name]));
        return texts.length + times.length === 0 ? undefined : `without ${[...texts, ...times].join(', ')}`;
      }),
    ),
    async (p) => p.introspect(await p.issue('client')),
    both,
  ),
  row(
    'I7b',
    ANSWER,
    'scope is one text',
    all(
      active,
      json('two scopes in one text', ({ scope }) =>
        typeof scope === 'string' && scope.split(' ').length === 2
          ? undefined
          : `scope ${JSON.stringify(scope)}`,
      ),
    ),
    async (p) =>
      p.introspect(await p.issue('client', { scope: `${p.target.scope} ${p.target.secondScope}` })),
    both,
  ),
  row(
    'I7c',
    ANSWER,
    'it says whose it is',
    all(
      active,
      json('client and issuer', (found) => (found.right === true ? undefined : 'others')),
    ),
    async (p) => {
      const answer = await p.introspect(await p.issue('client'));
      const found = jsonOf(answer);
      const right =
        found?.client_id === p.client('client').id &&
        found.iss === p.target.issuer &&
        found.aud === p.target.audience;
      return { ...answer, body: JSON.stringify({ ...found, right }) };
    },
    both,
  ),
  row(
    'I9',
    'RFC 7662 4',
    'nobody may keep the answer',
    all(active, noStore),
    async (p) => p.introspect(await p.issue('client')),
    both,
  ),
  row(
    'I12',
    'RFC 7662 4',
    'guessing at a caller is throttled too',
    all(refused(429, 'slow_down'), header('retry-after', /^\d+$/)),
    async (p) => {
      const guess = () =>
        p.post('introspection', { token: 'x' }, basic({ id: p.client('victim').id, secret: 'wrong' }));
      let last = await guess();
      for (let count = 1; count < 60 && last.status === 401; count += 1) last = await guess();
      return last;
    },
    ['victim', 'throttles'],
  ),
  row(
    'I13',
    'ours',
    'store down: neither active nor inactive',
    all(refused(503, 'temporarily_unavailable'), header('retry-after', /^\d+$/), member('active', undefined)),
    async (p) => {
      const token = await p.issue('client');
      return p.during(() => p.introspect(token));
    },
    ['client', 'introspector', 'duringOutage'],
  ),
];

/** RFC 7662, and RFC 6750 where the caller comes by a bearer token. */
export const introspectionRows: readonly Row[] = [...callers, ...silences, ...questions, ...tellings];
