import { all, finding, granted, judged, refused } from '../expectation.js';
import { basic, bearer, encode, FORM, formOf, GRANT, inBody, type Probe, rawBasic } from '../probe.js';
import type { Answer } from '../raw-http.js';
import { type Row, row } from '../row.js';
import type { Credentials } from '../target.js';

const METHODS = 'RFC 6749 2.3, 5.2';
const BASIC = 'RFC 6749 2.3.1, App. B';
const FAILED = 'RFC 6749 5.2';
const OUR_FAILED = 'RFC 6749 5.2, ours';
const OUR_METHODS = 'RFC 6749 2.3, 5.2, ours';
const QUERY = 'RFC 6749 2.3.1, ours';

const badRequest = refused(400, 'invalid_request');
const badClient = refused(401, 'invalid_client');
/** The same words, whatever was wrong: the row's act compares them. */
const alike = all(badClient, finding('the same words'));

const secretOf = (probe: Probe): Credentials => probe.client('client');
export const wrong = ({ id }: Credentials): Credentials => ({
  id,
  secret: 'cs_WrongWrongWrongWrongWrongWrongWrongWrongWrong',
});
const nobody: Credentials = { id: 'nobody-at-all', secret: wrong({ id: '', secret: '' }).secret };

const byHeader = (header: readonly [string, string]) => (probe: Probe) => probe.post('token', GRANT, header);
const withQuery =
  (query: string, ...headers: readonly (readonly [string, string])[]) =>
  (probe: Probe) =>
    probe.send('token', {
      url: `${probe.url('token')}?${query}`,
      headers: [FORM, ...headers],
      body: formOf(GRANT),
    });

/** Two answers that must tell nothing apart: the second one, judged by the first. */
function compared(one: Answer, two: Answer): Answer {
  const told = ({ status, body, headers }: Answer) =>
    JSON.stringify([status, body, headers.get('www-authenticate')]);
  return judged(two, told(one) === told(two) ? undefined : 'other words');
}

/** How a client says who it is: one way, and never in the URI (T12 to T16). */
const mechanisms: readonly Row[] = [
  row('T12', METHODS, 'Basic and body secret together', badRequest, (probe) =>
    probe.post('token', { ...GRANT, ...inBody(secretOf(probe)) }, basic(secretOf(probe))),
  ),
  row('T12b', `${METHODS}, ours`, 'Basic and a client_assertion', badRequest, (probe) =>
    probe.post(
      'token',
      { ...GRANT, client_assertion: 'a.b.c', client_assertion_type: 'x' },
      basic(secretOf(probe)),
    ),
  ),
  row('T12c', METHODS, 'Bearer and body secret together', badRequest, (probe) =>
    probe.post('token', { ...GRANT, ...inBody(secretOf(probe)) }, bearer('x')),
  ),
  row('T12d', 'RFC 9110 5.3, ours', 'two Authorization headers', badRequest, (probe) =>
    probe.post('token', GRANT, basic(secretOf(probe)), basic(secretOf(probe))),
  ),
  row('T12e', METHODS, 'Basic and an empty client_secret', granted, (probe) =>
    probe.post('token', { ...GRANT, client_secret: '' }, basic(secretOf(probe))),
  ),
  row('T13', 'RFC 6749 2.3.1', 'credentials in the body', granted, (probe) =>
    probe.post('token', { ...GRANT, ...inBody(secretOf(probe)) }),
  ),
  row('T14', OUR_METHODS, 'Basic and another client_id in the body', badRequest, (probe) =>
    probe.post('token', { ...GRANT, client_id: 'somebody-else' }, basic(secretOf(probe))),
  ),
  row('T14b', METHODS, 'Basic and the same client_id in the body', granted, (probe) =>
    probe.post('token', { ...GRANT, client_id: secretOf(probe).id }, basic(secretOf(probe))),
  ),
  row('T15', QUERY, 'credentials in the query', badRequest, (probe) =>
    withQuery(formOf(inBody(secretOf(probe))))(probe),
  ),
  row('T15b', QUERY, 'client_secret in the query beside Basic', badRequest, (probe) =>
    withQuery('client_secret=x', basic(secretOf(probe)))(probe),
  ),
  row('T15c', QUERY, 'client_%73ecret in the query', badRequest, (probe) =>
    withQuery('client_%73ecret=x', basic(secretOf(probe)))(probe),
  ),
  row('T15d', 'RFC 6749 3.2', 'a query of something else', granted, (probe) =>
    withQuery('tenant=1', basic(secretOf(probe)))(probe),
  ),
  row('T15e', 'RFC 6749 3.2', 'grant_type in the query only', badRequest, (probe) =>
    probe.send('token', {
      url: `${probe.url('token')}?${formOf(GRANT)}`,
      headers: [FORM, basic(secretOf(probe))],
    }),
  ),
];

/** Basic, as OAuth means it: form-encoded inside (T16, T18). */
const basicHeader: readonly Row[] = [
  row(
    'T16',
    BASIC,
    'a secret with % : + & =, form-encoded',
    granted,
    (p) => byHeader(basic(p.client('special')))(p),
    ['special'],
  ),
  row(
    'T16b',
    `${BASIC}, ours`,
    'its colons left as they are: split at the first',
    granted,
    (probe) => {
      const { id, secret } = probe.client('special');
      return byHeader(rawBasic(`${encode(id)}:${encode(secret).replaceAll('%3A', ':')}`))(probe);
    },
    ['special'],
  ),
  row(
    'T16c',
    BASIC,
    'its + left as it is: a space, so another secret',
    badClient,
    (probe) => {
      const { id, secret } = probe.client('special');
      return byHeader(rawBasic(`${encode(id)}:${encode(secret).replaceAll('%2B', '+')}`))(probe);
    },
    ['special'],
  ),
  row('T16d', BASIC, 'every character escaped, in small letters', granted, (probe) => {
    const { id, secret } = secretOf(probe);
    const escaped = (text: string) =>
      [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    return byHeader(rawBasic(`${escaped(id)}:${escaped(secret)}`))(probe);
  }),
  row('T17', 'RFC 9110 11.1', 'the scheme in other letters: bAsIc', granted, (probe) =>
    byHeader(['authorization', basic(secretOf(probe))[1].replace('Basic', 'bAsIc')])(probe),
  ),
  row('T18', OUR_FAILED, 'bad base64', badClient, byHeader(['authorization', 'Basic !!!!']), []),
  row('T18b', OUR_FAILED, 'no colon', badClient, byHeader(rawBasic('justanid')), []),
  row('T18c', OUR_FAILED, 'malformed escape', badClient, byHeader(rawBasic('id:%zz')), []),
  row('T18d', OUR_FAILED, 'bytes that are no UTF-8', badClient, byHeader(rawBasic('id:%C3%28')), []),
  row('T18e', OUR_FAILED, 'Basic and nothing behind it', badClient, byHeader(['authorization', 'Basic']), []),
];

/** Credentials that are no good, and which all look alike (T19 to T24). */
const failures: readonly Row[] = [
  row('T19', FAILED, 'wrong secret by Basic', badClient, (p) => byHeader(basic(wrong(secretOf(p))))(p)),
  row('T19b', FAILED, 'unknown client by Basic', badClient, byHeader(basic(nobody)), []),
  row('T19c', FAILED, 'both in the same words', alike, async (p) =>
    compared(await byHeader(basic(wrong(secretOf(p))))(p), await byHeader(basic(nobody))(p)),
  ),
  row('T20', OUR_FAILED, 'wrong secret in the body', badClient, (p) =>
    p.post('token', { ...GRANT, ...inBody(wrong(secretOf(p))) }),
  ),
  row(
    'T20b',
    OUR_FAILED,
    'unknown client in the body',
    badClient,
    (p) => p.post('token', { ...GRANT, ...inBody(nobody) }),
    [],
  ),
  row('T21', OUR_FAILED, 'no credentials', badClient, (p) => p.post('token', GRANT), []),
  row('T21b', OUR_FAILED, 'client_id alone', badClient, (p) =>
    p.post('token', { ...GRANT, client_id: secretOf(p).id }),
  ),
  row(
    'T21c',
    OUR_FAILED,
    'client_assertion alone',
    badClient,
    (p) => p.post('token', { ...GRANT, client_assertion: 'a.b.c', client_assertion_type: 'x' }),
    [],
  ),
  row('T22', FAILED, 'Authorization: Bearer', badClient, byHeader(bearer('x')), []),
  row(
    'T22b',
    FAILED,
    'Authorization: Digest',
    badClient,
    byHeader(['authorization', 'Digest username="a"']),
    [],
  ),
  row(
    'T23',
    FAILED,
    'revoked client, right secret',
    badClient,
    (p) => byHeader(basic(p.client('revoked')))(p),
    ['revoked'],
  ),
  row(
    'T23b',
    'ours',
    'in the same words as a wrong secret',
    alike,
    async (p) =>
      compared(await byHeader(basic(wrong(secretOf(p))))(p), await byHeader(basic(p.client('revoked')))(p)),
    ['client', 'revoked'],
  ),
  row(
    'T24',
    FAILED,
    'secret that expired after a rotation',
    badClient,
    (p) => byHeader(basic(p.client('expired')))(p),
    ['expired'],
  ),
];

/** In which order it is all looked at (T42). */
const order: readonly Row[] = [
  row('T42', 'ours', 'wrong secret and unknown grant: the secret first', badClient, (p) =>
    p.post('token', { grant_type: 'magic' }, basic(wrong(secretOf(p)))),
  ),
  row('T42b', 'ours', 'wrong secret and JSON: the type first', badRequest, (p) =>
    p.send('token', {
      headers: [['content-type', 'application/json'], basic(wrong(secretOf(p)))],
      body: '{}',
    }),
  ),
  row('T42c', 'ours', 'wrong secret and a repeated parameter: the form first', badRequest, (p) =>
    p.post(
      'token',
      [
        ['grant_type', 'a'],
        ['grant_type', 'b'],
      ],
      basic(wrong(secretOf(p))),
    ),
  ),
  row(
    'T42d',
    'ours',
    'too long and JSON: the type first',
    badRequest,
    (p) => p.send('token', { headers: [['content-type', 'application/json']], body: 'x'.repeat(70_000) }),
    [],
  ),
  row(
    'T42e',
    'ours',
    'PUT of JSON: the method first',
    refused(405, 'invalid_request'),
    (p) => p.send('token', { method: 'PUT', headers: [['content-type', 'application/json']], body: '{}' }),
    [],
  ),
  row(
    'T42f',
    'ours',
    'unknown grant and scope: the grant first',
    refused(400, 'unsupported_grant_type'),
    (p) => p.post('token', { grant_type: 'magic', scope: '"' }, basic(secretOf(p))),
  ),
];

/** Who asks for a token, and how they prove it. */
export const tokenClientRows: readonly Row[] = [...mechanisms, ...basicHeader, ...failures, ...order];
