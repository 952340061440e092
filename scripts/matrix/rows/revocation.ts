import { forged } from '../../../test/support/forged.js';
import { active, all, body, header, inactive, noStore, refused, status } from '../expectation.js';
import { basic, bearer, FORM, formOf, inBody, type Parameters, type Probe } from '../probe.js';
import type { Answer } from '../raw-http.js';
import { type Row, row } from '../row.js';

const DONE = 'RFC 7009 2.2';
const ASKED = 'RFC 7009 2.1';
const badRequest = refused(400, 'invalid_request');
const badClient = refused(401, 'invalid_client');
const done = all(status(200), body(''));
const ownToken: Row['needs'] = ['client', 'introspector'];

const asking =
  (parameters: Parameters) =>
  (probe: Probe): Promise<Answer> =>
    probe.post('revocation', parameters, basic(probe.client('client')));
/** Revokes a token of the client's, and answers what introspection says then. */
const thenIntrospected =
  (more: Readonly<Record<string, string>> = {}) =>
  async (probe: Probe) => {
    const token = await probe.issue('client');
    const revoked = await asking({ token, ...more })(probe);
    return revoked.status === 200 ? probe.introspect(token) : revoked;
  };

/** RFC 7009 (V1 to V11). */
export const revocationRows: readonly Row[] = [
  row('V1', `${DONE}, ours`, 'own token', done, async (p) => p.revoke(await p.issue('client'))),
  row('V1b', `${ASKED}, ours`, 'own token, caller by body', done, async (p) =>
    p.post('revocation', { token: await p.issue('client'), ...inBody(p.client('client')) }),
  ),
  row('V1c', 'ours', 'success: nobody may keep it', all(status(200), noStore), async (p) =>
    p.revoke(await p.issue('client')),
  ),
  row('V2', DONE, 'unknown token', status(200), asking({ token: 'no-such-token' })),
  row('V2b', DONE, 'malformed token', status(200), asking({ token: 'v4.public.!!!' })),
  row('V2c', DONE, 'forged token', status(200), async (p) => p.revoke(forged(await p.issue('client')))),
  row('V2d', DONE, 'token revoked already', status(200), async (p) => {
    const token = await p.issue('client');
    await p.revoke(token);
    return p.revoke(token);
  }),
  row(
    'V2e',
    DONE,
    'expired token',
    status(200),
    async (p) => {
      const token = await p.issue('shortLived');
      await p.target.abilities.wait?.(7);
      return p.revoke(token, 'shortLived');
    },
    ['shortLived', 'wait'],
  ),
  row(
    'V2f',
    DONE,
    'a forged copy does not end the token',
    active,
    async (p) => {
      const token = await p.issue('client');
      await p.revoke(forged(token));
      return p.introspect(token);
    },
    ownToken,
  ),
  row('V3', 'RFC 7009 2.2.1', 'token missing', badRequest, asking({ colour: 'blue' })),
  row('V3b', 'RFC 7009 2.2.1', 'token=', badRequest, asking({ token: '' })),
  row(
    'V4',
    ASKED,
    'unknown token_type_hint is ignored',
    inactive,
    thenIntrospected({ token_type_hint: 'magic' }),
    ownToken,
  ),
  row(
    'V4b',
    ASKED,
    'wrong token_type_hint: looked for all the same',
    inactive,
    thenIntrospected({ token_type_hint: 'refresh_token' }),
    ownToken,
  ),
  row(
    'V5',
    `${ASKED}, ours`,
    "another client's token",
    badRequest,
    async (p) => p.revoke(await p.issue('other')),
    ['client', 'other'],
  ),
  row(
    'V5b',
    ASKED,
    'and it lives on',
    active,
    async (p) => {
      const token = await p.issue('other');
      await p.revoke(token);
      return p.introspect(token);
    },
    ['client', 'other', 'introspector'],
  ),
  row(
    'V5c',
    'ours',
    "another client's, with countersign:clients:revoke",
    inactive,
    async (p) => {
      const token = await p.issue('other');
      await p.revoke(token, 'revoker');
      return p.introspect(token);
    },
    ['other', 'revoker', 'introspector'],
  ),
  row('V6', 'RFC 7009 2.1', 'wrong secret', badClient, (p) =>
    p.post('revocation', { token: 'x' }, basic({ id: p.client('client').id, secret: 'wrong' })),
  ),
  row('V6b', 'RFC 7009 2.1', 'no credentials', badClient, (p) => p.post('revocation', { token: 'x' }), []),
  row('V6c', 'ours', 'Bearer', badClient, async (p) =>
    p.post('revocation', { token: 'x' }, bearer(await p.issue('client'))),
  ),
  row(
    'V6d',
    'RFC 7009 2.1',
    'revoked client',
    badClient,
    (p) => p.post('revocation', { token: 'x' }, basic(p.client('revoked'))),
    ['revoked'],
  ),
  row('V6e', 'RFC 6749 2.3', 'Basic and body secret together', badRequest, (p) =>
    p.post('revocation', { token: 'x', ...inBody(p.client('client')) }, basic(p.client('client'))),
  ),
  row('V7', 'RFC 7009 2.1, ours', 'POST with the token in the URL', badRequest, (p) =>
    p.sendTo(`${p.url('revocation')}?token=x`, {
      headers: [FORM, basic(p.client('client'))],
      body: formOf({ token: 'x' }),
    }),
  ),
  row(
    'V8',
    'RFC 7009 2.2.1',
    'store down',
    all(refused(503, 'temporarily_unavailable'), header('retry-after', /^\d+$/)),
    async (p) => {
      const token = await p.issue('client');
      return p.during(() => p.revoke(token));
    },
    ['client', 'duringOutage'],
  ),
  row('V9', ASKED, 'introspection knows at once', inactive, thenIntrospected(), ownToken),
  row(
    'V9b',
    'RFC 7009 2',
    "the client's other tokens live on",
    active,
    async (p) => {
      const [one, two] = [await p.issue('client'), await p.issue('client')];
      await p.revoke(one);
      return p.introspect(two);
    },
    ownToken,
  ),
  row('V10', `${ASKED}, ours`, 'GET', all(refused(405, 'invalid_request'), header('allow', 'POST')), (p) =>
    p.sendTo(`${p.url('revocation')}?token=x`, {
      method: 'GET',
      headers: [basic(p.client('client'))],
    }),
  ),
  row(
    'V11',
    'RFC 6749 3.2',
    'token twice',
    badRequest,
    asking([
      ['token', 'x'],
      ['token', 'x'],
    ]),
  ),
  row(
    'V11b',
    'RFC 6749 3.2',
    'unrecognised parameter twice',
    status(200),
    asking([
      ['token', 'x'],
      ['p', '1'],
      ['p', '2'],
    ]),
  ),
  row('V12', 'RFC 7009 2.3', 'callback is no parameter here: no JSONP', done, async (p) =>
    asking({ token: await p.issue('client'), callback: 'steal' })(p),
  ),
  row('V13', ASKED, 'JSON body', badRequest, (p) =>
    p.send('revocation', {
      headers: [['content-type', 'application/json'], basic(p.client('client'))],
      body: '{"token":"x"}',
    }),
  ),
];
