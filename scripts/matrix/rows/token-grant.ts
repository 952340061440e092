import {
  all,
  finding,
  granted,
  header,
  json,
  judged,
  member,
  noStore,
  refused,
  status,
} from '../expectation.js';
import { basic, GRANT, type Probe } from '../probe.js';
import { jsonOf } from '../raw-http.js';
import { type Row, row } from '../row.js';
import type { Role } from '../target.js';
import { type Ask, asking, askingFor } from './asks.js';

const SCOPE = 'RFC 6749 3.3, 5.2';
const RESOURCE = 'RFC 8707 2';
const OUR_SCOPE = `${SCOPE}, ours`;
const OUR_RESOURCE = `${RESOURCE}, ours`;
const badScope = refused(400, 'invalid_scope');
const badTarget = refused(400, 'invalid_target');
const grant = Object.entries(GRANT);

const scoped = (scope: string): Ask => asking({ ...GRANT, scope });
const by =
  (role: Role, parameters: Readonly<Record<string, string>> = {}): Ask =>
  (probe) =>
    probe.post('token', { ...GRANT, ...parameters }, basic(probe.client(role)));

/** The audience of a token, as introspection tells it. */
async function audienceOf(probe: Probe, parameters: readonly (readonly [string, string])[]) {
  const answer = await asking([...grant, ...parameters])(probe);
  return probe.introspect(String(jsonOf(answer)?.access_token));
}

/** Which audience a token is for (T9). */
const targets: readonly Row[] = [
  row(
    'T9',
    OUR_RESOURCE,
    'two different resources',
    badTarget,
    askingFor(({ audience, secondAudience }) => [
      ...grant,
      ['resource', audience],
      ['resource', secondAudience],
    ]),
  ),
  row(
    'T9b',
    RESOURCE,
    'unknown resource',
    badTarget,
    asking({ ...GRANT, resource: 'https://nobody.example/' }),
  ),
  row(
    'T9c',
    RESOURCE,
    'resource with a fragment',
    badTarget,
    askingFor(({ audience }) => [...grant, ['resource', `${audience}#x`]]),
  ),
  row(
    'T9d',
    RESOURCE,
    'resource that is no absolute URI',
    badTarget,
    asking({ ...GRANT, resource: '/orders' }),
  ),
  row(
    'T9e',
    OUR_RESOURCE,
    'resource and a different audience',
    badTarget,
    askingFor(({ audience, secondAudience }) => [
      ...grant,
      ['resource', audience],
      ['audience', secondAudience],
    ]),
  ),
  row(
    'T9f',
    RESOURCE,
    'the same resource twice',
    granted,
    askingFor(({ audience }) => [...grant, ['resource', audience], ['resource', audience]]),
  ),
  row(
    'T9g',
    RESOURCE,
    'resource decides the audience',
    all(status(200), finding('for the second audience')),
    async (probe) => {
      const answer = await audienceOf(probe, [['resource', probe.target.secondAudience]]);
      const aud = jsonOf(answer)?.aud;
      return judged(answer, aud === probe.target.secondAudience ? undefined : `aud ${String(aud)}`);
    },
    ['client', 'introspector'],
  ),
  row(
    'T9h',
    'ours',
    'unknown audience',
    badTarget,
    asking({ ...GRANT, audience: 'https://nobody.example/' }),
  ),
  row(
    'T9i',
    RESOURCE,
    'resource and the same audience',
    granted,
    askingFor(({ audience }) => [...grant, ['resource', audience], ['audience', audience]]),
  ),
  row('T9j', 'ours', 'no audience asked for, and none by default', badTarget, by('twoAudiences'), [
    'twoAudiences',
  ]),
  row('T9k', RESOURCE, 'resource=', granted, asking({ ...GRANT, resource: '' })),
].map((one) => ({ ...one, needs: [...one.needs, 'resources'] }));

/** Which scopes (T26 to T28), and who may have tokens at all (T6). */
const scopes: readonly Row[] = [
  row(
    'T6',
    'RFC 6749 5.2',
    'introspection_only client',
    refused(400, 'unauthorized_client'),
    by('introspectionOnly'),
    ['introspectionOnly'],
  ),
  row('T26', SCOPE, 'scope with a double quote', badScope, scoped('a"b')),
  row('T26b', SCOPE, 'scope with a backslash', badScope, scoped('a\\b')),
  row('T26c', SCOPE, 'scope with a control character', badScope, scoped('a\tb')),
  row('T26d', SCOPE, 'scope beyond ASCII', badScope, scoped('läsen')),
  row('T26e', SCOPE, 'scope with a NUL', badScope, scoped('a\0b')),
  row(
    'T26f',
    SCOPE,
    'two spaces between scopes',
    badScope,
    askingFor((t) => [...grant, ['scope', `${t.scope}  ${t.secondScope}`]]),
  ),
  row('T27', OUR_SCOPE, 'scope that is not allowed', badScope, scoped('not-allowed')),
  row(
    'T27b',
    OUR_SCOPE,
    'one allowed and one not: never narrowed',
    badScope,
    askingFor(({ scope }) => [...grant, ['scope', `${scope} not-allowed`]]),
  ),
  row(
    'T27c',
    OUR_SCOPE,
    'an allowed scope in capitals is another',
    badScope,
    askingFor(({ scope }) => [...grant, ['scope', scope.toUpperCase()]]),
  ),
  row(
    'T28',
    OUR_SCOPE,
    'scope omitted: the default, and told',
    all(granted, finding('the default scope')),
    async (probe) => {
      const answer = await asking(GRANT)(probe);
      const { scope } = jsonOf(answer) ?? {};
      return judged(answer, scope === probe.target.scope ? undefined : `scope ${String(scope)}`);
    },
  ),
  row('T28b', OUR_SCOPE, 'scope omitted, and no default', badScope, by('noDefaultScope'), ['noDefaultScope']),
  row(
    'T28c',
    SCOPE,
    'a client without any scopes',
    all(granted, member('scope', undefined)),
    by('scopeless'),
    ['scopeless'],
  ),
  row(
    'T29',
    OUR_SCOPE,
    'a scope asked for twice counts once',
    all(granted, finding('it once')),
    async (probe) => {
      const answer = await askingFor(({ scope }) => [...grant, ['scope', `${scope} ${scope}`]])(probe);
      const { scope } = jsonOf(answer) ?? {};
      return judged(answer, scope === probe.target.scope ? undefined : `scope ${String(scope)}`);
    },
  ),
];

const successBody = all(
  granted,
  json('token_type Bearer', ({ token_type: type }) =>
    /^bearer$/i.test(String(type)) ? undefined : `token_type ${String(type)}`,
  ),
  json('expires_in a number', ({ expires_in: seconds }) =>
    Number.isInteger(seconds) && Number(seconds) > 0 ? undefined : `expires_in ${JSON.stringify(seconds)}`,
  ),
  member('refresh_token', undefined),
);
const kept = all(noStore, header('pragma', 'no-cache'), header('content-type', /^application\/json\b/));
const plainDescription = json('plain error_description', ({ error_description: text }) =>
  text === undefined || /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(String(text)) ? undefined : String(text),
);

/** How success and failure are told (T30 to T36). */
const answers: readonly Row[] = [
  row('T30', 'RFC 6749 5.1, 4.4.3', 'success: the body', successBody, asking(GRANT)),
  row('T31', 'RFC 6749 5.1', 'success: the headers', all(granted, kept), asking(GRANT)),
  row(
    'T32',
    'RFC 6749 5.2, ours',
    'error: the headers',
    all(status(400), kept),
    asking({ grant_type: 'magic' }),
  ),
  row(
    'T32b',
    'RFC 6749 5.2, ours',
    'failed authentication: the headers',
    all(status(401), kept),
    (p) => p.post('token', GRANT),
    [],
  ),
  row(
    'T33',
    'RFC 6749 5.2',
    'error_description: its characters',
    all(status(400), plainDescription),
    scoped('"\\\n'),
  ),
  row(
    'T33b',
    'ours',
    'nothing of the request comes back',
    all(
      status(400),
      json('no echo', (found) =>
        JSON.stringify(found).includes('marker') ? 'the request comes back' : undefined,
      ),
    ),
    asking({ grant_type: 'marker<script>' }),
  ),
  row(
    'T36',
    'ours',
    'store down',
    all(refused(503, 'temporarily_unavailable'), header('retry-after', /^\d+$/), noStore),
    (probe) => probe.during(() => asking(GRANT)(probe)),
    ['client', 'duringOutage'],
  ),
];

/** What a token is granted for, and how that is told. */
export const tokenGrantRows: readonly Row[] = [...targets, ...scopes, ...answers];
