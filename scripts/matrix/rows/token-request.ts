import { all, finding, granted, header, judged, noStore, refused, status } from '../expectation.js';
import { basic, FORM, formOf, GRANT, inBody } from '../probe.js';
import { jsonOf } from '../raw-http.js';
import { type Row, row } from '../row.js';
import { asking, askingFor, fillers, MULTIPART, padded, twice, withMethod, withType } from './asks.js';

const notAllowed = all(refused(405, 'invalid_request'), header('allow', 'POST'), noStore);
const badRequest = refused(400, 'invalid_request');
const unsupported = refused(400, 'unsupported_grant_type');
const METHOD = 'RFC 6749 3.2, ours';
const TYPE = 'RFC 6749 4.4.2, App. B';
const GRANTS = 'RFC 6749 3.2, 5.2';
const ENCODING = 'RFC 6749 App. B';
const sameScope = all(granted, finding('the same scope'));
const grant = Object.entries(GRANT);

/** Methods and media types (T1 to T3). */
const outerForm: readonly Row[] = [
  row('T1', METHOD, 'GET', notAllowed, withMethod('GET')),
  row('T1b', METHOD, 'PUT', notAllowed, withMethod('PUT')),
  row('T1c', METHOD, 'DELETE', notAllowed, withMethod('DELETE')),
  row('T1d', METHOD, 'HEAD', all(status(405), header('allow', 'POST')), withMethod('HEAD')),
  row('T1e', METHOD, 'PROPFIND', notAllowed, withMethod('PROPFIND')),
  row(
    'T2',
    TYPE,
    'JSON body',
    badRequest,
    withType('application/json', '{"grant_type":"client_credentials"}'),
  ),
  row('T2b', TYPE, 'multipart body', badRequest, withType('multipart/form-data; boundary=x', MULTIPART)),
  row('T2c', TYPE, 'no Content-Type', badRequest, withType(undefined)),
  row('T2d', TYPE, 'text/plain', badRequest, withType('text/plain')),
  row('T2e', TYPE, 'a type that only begins like a form', badRequest, withType(`${FORM[1]}2`)),
  row('T2f', TYPE, 'neither type nor body', badRequest, withType(undefined, '')),
  row('T2g', 'ours', 'compressed body', badRequest, (probe) =>
    probe.post('token', GRANT, ['content-encoding', 'gzip'], basic(probe.client('client'))),
  ),
  row('T3', TYPE, 'charset=UTF-8', granted, withType(`${FORM[1]}; charset=UTF-8`)),
  row(
    'T3b',
    TYPE,
    'type in capitals, charset quoted',
    granted,
    withType(`${FORM[1].toUpperCase()};CHARSET="utf-8"`),
  ),
];

/** Which parameters have to be there, and how often (T4 to T10). */
const parameters: readonly Row[] = [
  row('T4', GRANTS, 'grant_type missing', badRequest, asking({ colour: 'blue' })),
  row('T4b', GRANTS, 'grant_type=', badRequest, asking({ grant_type: '' })),
  row('T5', GRANTS, 'unknown grant_type', unsupported, asking({ grant_type: 'magic' })),
  row(
    'T5b',
    GRANTS,
    'grant_type=Client_Credentials',
    unsupported,
    asking({ grant_type: 'Client_Credentials' }),
  ),
  row(
    'T5c',
    GRANTS,
    'grant_type with a space behind it',
    unsupported,
    asking({ grant_type: `${GRANT.grant_type} ` }),
  ),
  row('T5d', GRANTS, 'grant_type=password', unsupported, asking({ grant_type: 'password', username: 'u' })),
  row('T7', GRANTS, 'grant_type twice', badRequest, asking([...grant, ...grant])),
  row(
    'T7b',
    GRANTS,
    'scope twice',
    badRequest,
    twice('scope', ({ scope }) => scope),
  ),
  row(
    'T7c',
    'ours',
    'audience twice, the same',
    badRequest,
    twice('audience', ({ audience }) => audience),
  ),
  row('T7d', GRANTS, 'client_secret twice', badRequest, (probe) => {
    const own = Object.entries(inBody(probe.client('client')));
    return probe.post('token', [...grant, ...own, ['client_secret', probe.client('client').secret]]);
  }),
  row('T7e', GRANTS, 'client_id twice, the same', badRequest, (probe) => {
    const own = Object.entries(inBody(probe.client('client')));
    return probe.post('token', [...grant, ...own, ['client_id', probe.client('client').id]]);
  }),
  row(
    'T7f',
    'RFC 6749 3.2, ours',
    'scope twice, once without a value',
    badRequest,
    askingFor(({ scope }) => [...grant, ['scope', ''], ['scope', scope]]),
  ),
  row(
    'T7g',
    GRANTS,
    'grant_type twice, once as grant%5Ftype',
    badRequest,
    asking(`${formOf(GRANT)}&grant%5Ftype=x`),
  ),
  row('T8', GRANTS, 'unrecognised parameter', granted, asking({ ...GRANT, colour: 'blue' })),
  row('T8b', GRANTS, 'unrecognised parameter twice', granted, asking([...grant, ['p', '1'], ['p', '2']])),
  row('T8c', GRANTS, '__proto__ twice', granted, asking([...grant, ['__proto__', 'x'], ['__proto__', 'y']])),
  row('T10', GRANTS, 'scope=', granted, asking({ ...GRANT, scope: '' })),
  row(
    'T43',
    'RFC 6749 1.9',
    'a name in capitals is another',
    badRequest,
    asking({ GRANT_TYPE: GRANT.grant_type }),
  ),
];

/** How parameters are written (appendix B), and how much there may be (T34). */
const encoding: readonly Row[] = [
  row('T34', 'ours', 'body over 64 KiB', refused(413, 'invalid_request'), asking(padded(65_537))),
  row('T34b', 'ours', 'chunked body over 64 KiB', refused(413, 'invalid_request'), (probe) => {
    const form = padded(70_000);
    const body = `${form.length.toString(16)}\r\n${form}\r\n0\r\n\r\n`;
    const headers = [FORM, ['transfer-encoding', 'chunked'], basic(probe.client('client'))] as const;
    return probe.send('token', { headers, body });
  }),
  row('T34c', 'ours', 'body of exactly 64 KiB', granted, asking(padded(65_536))),
  row('T34d', 'ours', '65 parameters', badRequest, asking([...grant, ...fillers(64)])),
  row('T34e', 'ours', '64 parameters', granted, asking([...grant, ...fillers(63)])),
  row('T44', ENCODING, 'malformed escape', badRequest, asking(`${formOf(GRANT)}&scope=%zz`)),
  row('T44b', ENCODING, 'escape cut off', badRequest, asking(`${formOf(GRANT)}&scope=%2`)),
  row('T44c', ENCODING, 'escapes that are no UTF-8', badRequest, asking(`${formOf(GRANT)}&scope=%C3%28`)),
  row('T44d', ENCODING, 'overlong UTF-8', badRequest, asking(`${formOf(GRANT)}&scope=%C0%AF`)),
  row('T44e', ENCODING, 'bytes that are no UTF-8', badRequest, (probe) => {
    const body = Buffer.from(`${formOf(GRANT)}&scope=\xff`, 'latin1');
    return probe.send('token', { headers: [FORM, basic(probe.client('client'))], body });
  }),
  row('T45', ENCODING, '+ and %20 are the same space', sameScope, async (probe) => {
    const [one, two] = [probe.target.scope, probe.target.secondScope];
    const plus = await asking(`${formOf(GRANT)}&scope=${one}+${two}`)(probe);
    const escaped = await asking(`${formOf(GRANT)}&scope=${one}%20${two}`)(probe);
    const same = plus.status === 200 && jsonOf(plus)?.scope === jsonOf(escaped)?.scope;
    return judged(escaped, same ? undefined : 'other scopes');
  }),
  row('T46', ENCODING, 'empty pieces between the &', granted, asking(`&&${formOf(GRANT)}&&`)),
];

/** What a token request has to look like before anybody asks whose it is. */
export const tokenRequestRows: readonly Row[] = [...outerForm, ...parameters, ...encoding];
