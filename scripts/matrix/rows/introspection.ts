import { forged } from '../../../test/support/forged.js';
import {
  active,
  all,
  finding,
  header,
  inactive,
  json,
  judged,
  member,
  noStore,
  refused,
} from '../expectation.js';
import { basic, FORM, formOf, type Parameters, type Probe } from '../probe.js';
import { type Answer, jsonOf } from '../raw-http.js';
import { type Row, row } from '../row.js';

const CALLER = 'RFC 7662 2.1, 2.3';
const ANSWER = 'RFC 7662 2.2';
const badRequest = refused(400, 'invalid_request');
const introspector: Row['needs'] = ['introspector'];
const both: Row['needs'] = ['client', 'introspector'];

/** A question by the introspector about this. */
const about =
  (parameters: Parameters) =>
  (probe: Probe): Promise<Answer> =>
    probe.post('introspection', parameters, basic(probe.client('introspector')));
/** Signed well, by a key of nobody's: the example of the PASETO specification (4-S-1). */
const FOREIGN =
  'v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9bg_XBBzds8lTZShVlwwKSgeKpLT3yukTw6JUz3W4h_ExsQV-P0V54zemZDcAxFaSeef1QlXEFtkqxT1ciiQEDA';

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
    'RFC 7662 2.1, 4, ours',
    'GET with the token in the URL',
    all(refused(405, 'invalid_request'), header('allow', 'POST')),
    (p) =>
      p.sendTo(`${p.url('introspection')}?token=x`, {
        method: 'GET',
        headers: [basic(p.client('introspector'))],
      }),
    introspector,
  ),
  row(
    'I10b',
    'RFC 7662 4, ours',
    'POST with the token in the URL',
    badRequest,
    (p) =>
      p.sendTo(`${p.url('introspection')}?token=x`, {
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
    `${ANSWER}, ours`,
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
    all(active, finding('client, issuer and audience')),
    async (p) => {
      const answer = await p.introspect(await p.issue('client'));
      const found = jsonOf(answer);
      const right =
        found?.client_id === p.client('client').id &&
        found.iss === p.target.issuer &&
        found.aud === p.target.audience;
      return judged(answer, right ? undefined : `of ${String(found?.client_id)} for ${String(found?.aud)}`);
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

/** What is asked at the introspection endpoint, and what is answered. */
export const introspectionRows: readonly Row[] = [...silences, ...questions, ...tellings];
