import { all, granted, header, refused, status } from '../expectation.js';
import { basic, FORM, formOf, GRANT, type Probe } from '../probe.js';
import type { Answer } from '../raw-http.js';
import { type Row, row } from '../row.js';

const FRAMING = 'RFC 9112 6, 11.2, ours';
const malformed = refused(400, 'invalid_request');
const form = formOf(GRANT);

/** A token request with the right credential, its head written by hand; `LENGTH` stands for the right length. */
const byHand =
  (
    lines: (context: { path: string; origin: string; host: string; auth: string }) => string,
    body = form,
    count = 1,
  ) =>
  async (probe: Probe): Promise<Answer> => {
    const { pathname, origin, host } = new URL(probe.url('token'));
    const auth = `authorization: ${basic(probe.client('client'))[1]}\r\ncontent-type: ${FORM[1]}`;
    const head = lines({ path: pathname, origin, host, auth }).replace('LENGTH', String(body.length));
    const answers = await probe.raw(probe.url('token'), `${head}\r\n\r\n${body}`, count);
    const last = answers.at(-1);
    if (last === undefined) throw new Error('closed without an answer');
    return last;
  };
const post = 'POST';

/** What HTTP itself can be bent into. Ours: what cannot be read is refused in JSON, and the connection ends. */
export const httpRows: readonly Row[] = [
  row(
    'H1',
    'RFC 9110 15.5.5, ours',
    'a path that there is not',
    refused(404, 'not_found'),
    (p) => p.sendTo(new URL('/no/such/place', p.url('token')).href, { method: 'GET' }),
    [],
  ),
  row(
    'H1b',
    'RFC 9110 15.5.5, ours',
    'the same with a JSON body',
    refused(404, 'not_found'),
    (p) =>
      p.sendTo(new URL('/no/such/place', p.url('token')).href, {
        headers: [['content-type', 'application/json']],
        body: '{',
      }),
    [],
  ),
  row(
    'H2',
    'ASVS 13.4.6, ours',
    'no banner',
    all(granted, header('server', undefined), header('x-powered-by', undefined)),
    (p) => p.post('token', GRANT, basic(p.client('client'))),
  ),
  row(
    'H3',
    FRAMING,
    'Content-Length and Transfer-Encoding',
    malformed,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ncontent-length: LENGTH\r\ntransfer-encoding: chunked`,
    ),
  ),
  row(
    'H3b',
    FRAMING,
    'two different Content-Lengths',
    malformed,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ncontent-length: LENGTH\r\ncontent-length: 1`,
    ),
  ),
  row(
    'H3c',
    FRAMING,
    'negative Content-Length',
    malformed,
    byHand(
      ({ path, host, auth }) => `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ncontent-length: -1`,
    ),
  ),
  row(
    'H3d',
    FRAMING,
    'chunk size that is no number',
    malformed,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ntransfer-encoding: chunked`,
      'zz\r\nx\r\n0\r\n\r\n',
    ),
  ),
  row(
    'H3e',
    FRAMING,
    'space before the colon of a header',
    malformed,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ncontent-length : LENGTH`,
    ),
  ),
  row(
    'H3f',
    FRAMING,
    'a folded header',
    malformed,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\nx-folded: a\r\n b\r\ncontent-length: LENGTH`,
    ),
  ),
  row(
    'H4',
    'RFC 9112 3.2, ours',
    'no Host',
    malformed,
    byHand(({ path, auth }) => `${post} ${path} HTTP/1.1\r\n${auth}\r\ncontent-length: LENGTH`),
  ),
  row(
    'H4b',
    'RFC 9112 3.2, ours',
    'two Hosts',
    malformed,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\nhost: elsewhere\r\n${auth}\r\ncontent-length: LENGTH`,
    ),
  ),
  row(
    'H5',
    'RFC 9112 3, ours',
    'no HTTP at all',
    malformed,
    byHand(() => 'good evening'),
    ['client'],
  ),
  row(
    'H5b',
    'RFC 9112 3, ours',
    'method in small letters',
    malformed,
    byHand(
      ({ path, host, auth }) => `post ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ncontent-length: LENGTH`,
    ),
  ),
  row(
    'H6',
    'RFC 6585 5, ours',
    'headers over 8 KiB',
    refused(431, 'invalid_request'),
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\nx-long: ${'x'.repeat(9000)}\r\ncontent-length: LENGTH`,
    ),
  ),
  row(
    'H7',
    'RFC 9112 3.2.2, ours',
    'target in absolute form',
    granted,
    byHand(
      ({ path, origin, host, auth }) =>
        `${post} ${origin}${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ncontent-length: LENGTH`,
    ),
  ),
  row(
    'H7b',
    'RFC 9112 3.2.2, ours',
    'GET in absolute form',
    all(refused(405, 'invalid_request'), header('allow', 'POST')),
    byHand(({ path, origin, host }) => `GET ${origin}${path} HTTP/1.1\r\nhost: ${host}`, ''),
  ),
  row(
    'H7c',
    'RFC 9110 4.2, ours',
    'target that cannot be decoded',
    malformed,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path}%zz HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ncontent-length: LENGTH`,
    ),
  ),
  row('H8', 'RFC 9112 9.3.2, ours', 'three requests at once: three answers', granted, async (p) => {
    const { pathname, host } = new URL(p.url('token'));
    const one = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${basic(p.client('client'))[1]}\r\ncontent-type: ${FORM[1]}\r\ncontent-length: ${form.length}\r\n\r\n${form}`;
    const answers = await p.raw(p.url('token'), one.repeat(3), 3);
    if (answers.length !== 3) throw new Error(`${answers.length} answers`);
    return answers.find(({ status: code }) => code !== 200) ?? (answers[2] as Answer);
  }),
  row(
    'H9',
    'Fetch, ours',
    'preflight: no CORS',
    all(status(405), header('access-control-allow-origin', undefined), header('allow', 'POST')),
    (p) =>
      p.send('token', {
        method: 'OPTIONS',
        headers: [
          ['origin', 'https://evil.example'],
          ['access-control-request-method', 'POST'],
        ],
      }),
    [],
  ),
  row(
    'H9b',
    'Fetch, ours',
    'a request with Origin: no CORS',
    all(granted, header('access-control-allow-origin', undefined)),
    (p) => p.post('token', GRANT, ['origin', 'https://evil.example'], basic(p.client('client'))),
  ),
  row(
    'H10',
    'RFC 9110 9.3.8, ours',
    'TRACE',
    all(refused(405, 'invalid_request'), header('allow', 'POST')),
    (p) => p.send('token', { method: 'TRACE', headers: [['x-marker', 'marker']] }),
    [],
  ),
  row(
    'H11',
    'RFC 9110 10.1.1, ours',
    'Expect: 100-continue',
    granted,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\nexpect: 100-continue\r\ncontent-length: LENGTH`,
    ),
  ),
  row(
    'H11b',
    'RFC 9110 10.1.1, ours',
    'Expect: something else',
    refused(417, 'invalid_request'),
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\nexpect: miracle\r\ncontent-length: LENGTH`,
    ),
  ),
  row(
    'H12',
    'RFC 9112 C, ours',
    'HTTP/1.0 without Host',
    granted,
    byHand(({ path, auth }) => `${post} ${path} HTTP/1.0\r\n${auth}\r\ncontent-length: LENGTH`),
  ),
  row(
    'H13',
    'RFC 9112 7.1, ours',
    'a body in chunks',
    granted,
    byHand(
      ({ path, host, auth }) =>
        `${post} ${path} HTTP/1.1\r\nhost: ${host}\r\n${auth}\r\ntransfer-encoding: chunked`,
      `5\r\n${form.slice(0, 5)}\r\n${(form.length - 5).toString(16)}\r\n${form.slice(5)}\r\n0\r\n\r\n`,
    ),
  ),
];
