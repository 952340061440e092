import { all, body, finding, header, json, judged, refused, status } from '../expectation.js';
import { basic, FORM, formOf, GRANT, type Probe } from '../probe.js';
import { type Answer, headerOf, jsonOf } from '../raw-http.js';
import { type Row, row } from '../row.js';

const MEMBERS = 'RFC 8414 2';
const metadata = (probe: Probe): Promise<Answer> => probe.metadata();
const keys = (probe: Probe, headers: readonly (readonly [string, string])[] = []): Promise<Answer> =>
  probe.sendTo(probe.url('keys'), { method: 'GET', headers });
const pathed = (probe: Probe): { readonly issuer: string; readonly origin: string } => {
  const { issuerWithPath } = probe.target.abilities;
  if (issuerWithPath === undefined) throw new Error('the target has no issuer with a path');
  return issuerWithPath;
};
const metadataOfPathed = (probe: Probe): Promise<Answer> => {
  const { issuer, origin } = pathed(probe);
  const { pathname } = new URL(issuer);
  return probe.sendTo(`${origin}/.well-known/oauth-authorization-server${pathname}`, { method: 'GET' });
};
const lists = (name: string, ...wanted: readonly string[]) =>
  json(`${name} has ${wanted.join(', ')}`, (document) => {
    const list = document[name];
    const missing = wanted.filter((value) => !(Array.isArray(list) && list.includes(value)));
    return missing.length === 0 ? undefined : `${name} without ${missing.join(', ')}`;
  });

/** RFC 8414 and the published keys (M1 to M7). */
export const metadataRows: readonly Row[] = [
  row(
    'M1',
    'RFC 8414 3',
    'the document',
    all(status(200), header('content-type', /^application\/json\b/)),
    metadata,
    [],
  ),
  row(
    'M1b',
    'RFC 8414 3.1',
    'issuer with a path: the document before the path',
    all(status(200), finding('that issuer')),
    async (p) => {
      const { issuer } = pathed(p);
      const answer = await metadataOfPathed(p);
      return judged(
        answer,
        jsonOf(answer)?.issuer === issuer ? undefined : `issuer ${String(jsonOf(answer)?.issuer)}`,
      );
    },
    ['issuerWithPath'],
  ),
  row(
    'M1c',
    'RFC 8414 3.3',
    'and not without it: that would be of another issuer',
    refused(404, 'not_found'),
    (p) => p.sendTo(`${pathed(p).origin}/.well-known/oauth-authorization-server`, { method: 'GET' }),
    ['issuerWithPath'],
  ),
  row(
    'M1d',
    'RFC 8414 3.1',
    'its endpoints are where the document says',
    refused(401, 'invalid_client'),
    async (p) => {
      const endpoint = new URL(String(jsonOf(await metadataOfPathed(p))?.token_endpoint));
      return p.sendTo(`${pathed(p).origin}${endpoint.pathname}`, { headers: [FORM], body: formOf(GRANT) });
    },
    ['issuerWithPath'],
  ),
  row(
    'M2',
    'RFC 8414 2, 3.3',
    'issuer byte for byte, without query or fragment',
    all(status(200), finding('the issuer')),
    async (p) => {
      const answer = await metadata(p);
      const issuer = jsonOf(answer)?.issuer;
      return judged(
        answer,
        issuer === p.target.issuer && !/[?#]/.test(issuer) ? undefined : `issuer ${String(issuer)}`,
      );
    },
    [],
  ),
  row(
    'M3',
    MEMBERS,
    'grant_types_supported is there',
    lists('grant_types_supported', 'client_credentials'),
    metadata,
    [],
  ),
  row(
    'M4',
    `${MEMBERS}, ours`,
    'token_endpoint_auth_methods_supported has both, not none',
    all(
      lists('token_endpoint_auth_methods_supported', 'client_secret_basic', 'client_secret_post'),
      json('not none', (document) =>
        JSON.stringify(document.token_endpoint_auth_methods_supported ?? '').includes('"none"')
          ? 'none'
          : undefined,
      ),
    ),
    metadata,
    [],
  ),
  row(
    'M5',
    'RFC 8414 2, 3.2',
    'response_types_supported is there and not empty',
    json('a list', ({ response_types_supported: list }) =>
      Array.isArray(list) && list.length > 0 ? undefined : 'no list',
    ),
    metadata,
    [],
  ),
  row(
    'M5b',
    'RFC 8414 3.2',
    'no member is an empty list',
    json('none empty', (document) =>
      Object.values(document).some((value) => Array.isArray(value) && value.length === 0)
        ? 'an empty list'
        : undefined,
    ),
    metadata,
    [],
  ),
  row(
    'M6',
    `${MEMBERS}, ours`,
    'the other endpoints and how to authenticate there',
    all(
      lists('introspection_endpoint_auth_methods_supported', 'client_secret_basic', 'client_secret_post'),
      lists('revocation_endpoint_auth_methods_supported', 'client_secret_basic', 'client_secret_post'),
      json('both endpoints', (d) =>
        d.introspection_endpoint && d.revocation_endpoint ? undefined : 'not both',
      ),
    ),
    metadata,
    [],
  ),
  row(
    'M6b',
    'RFC 8414 2, ours',
    'each endpoint is where the document says',
    refused(401, 'invalid_client'),
    async (p) => {
      const document = jsonOf(await metadata(p));
      const asked = ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint'].map((name) =>
        p.sendTo(p.here(document?.[name]), { headers: [FORM], body: formOf({ ...GRANT, token: 'x' }) }),
      );
      const answers = await Promise.all(asked);
      return answers.find(({ status: code }) => code !== 401) ?? answers[0] ?? metadata(p);
    },
    [],
  ),
  row(
    'M7',
    'ours',
    'no jwks_uri: PASERK is no JWK',
    json('no jwks_uri', (d) => (d.jwks_uri === undefined ? undefined : 'jwks_uri')),
    metadata,
    [],
  ),
  row(
    'M7b',
    'ours',
    'paseto_keys_uri leads to the keys',
    all(
      status(200),
      json('k4.pid and k4.public', ({ keys: list }) =>
        Array.isArray(list) && list.length > 0 && list.every(isKey) ? undefined : 'no keys',
      ),
    ),
    async (p) => p.sendTo(p.here(jsonOf(await metadata(p))?.paseto_keys_uri), { method: 'GET' }),
    ['keys'],
  ),
  row(
    'M7c',
    'ours',
    'keys may be kept for a while',
    all(status(200), header('cache-control', /max-age=\d+/), header('etag', /^"[^"]+"$/)),
    (p) => keys(p),
    ['keys'],
  ),
  row(
    'M7d',
    'RFC 9110 13.1.2',
    'keys that are known: 304',
    all(status(304), body('')),
    async (p) => keys(p, [['if-none-match', headerOf(await keys(p), 'etag') ?? '']]),
    ['keys'],
  ),
  row(
    'M8',
    'RFC 9110 9.1, ours',
    'POST',
    all(refused(405, 'invalid_request'), header('allow', /^GET\b/)),
    (p) => p.sendTo(p.url('metadata'), { headers: [FORM, basic({ id: 'a', secret: 'b' })] }),
    [],
  ),
  row(
    'M9',
    'RFC 9110 9.3.2',
    'HEAD',
    all(status(200), header('content-type', /^application\/json\b/), body('')),
    (p) => p.sendTo(p.url('metadata'), { method: 'HEAD' }),
    [],
  ),
];

const isKey = (key: { kid?: unknown; paserk?: unknown; state?: unknown }): boolean =>
  /^k4\.pid\.[\w-]{44}$/.test(String(key.kid)) &&
  /^k4\.public\.[\w-]{43}$/.test(String(key.paserk)) &&
  typeof key.state === 'string';
