import { active, header, refused } from '../expectation.js';
import { basic, bearer, inBody, type Probe } from '../probe.js';
import { type Row, row } from '../row.js';

const CALLER = 'RFC 7662 2.1, 2.3';
const badRequest = refused(400, 'invalid_request');
const badClient = refused(401, 'invalid_client');
const introspector: Row['needs'] = ['introspector'];
const both: Row['needs'] = ['client', 'introspector'];

const bearerOf = (probe: Probe): Promise<string> =>
  probe.issue('bearerIntrospector', { audience: probe.target.issuer, scope: 'countersign:introspect' });

/** Who may ask (I1). */
export const introspectionCallerRows: readonly Row[] = [
  row(
    'I1',
    `${CALLER}, ours`,
    'no credentials',
    badClient,
    (p) => p.post('introspection', { token: 'x' }),
    [],
  ),
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
    `${CALLER}, ours`,
    'Bearer that is no token',
    refused(401, 'invalid_token', 'Bearer'),
    (p) => p.post('introspection', { token: 'x' }, bearer('nonsense')),
    [],
  ),
  row(
    'I1e',
    `${CALLER}, ours`,
    'Bearer of a token for another audience',
    refused(401, 'invalid_token', 'Bearer'),
    async (p) => p.post('introspection', { token: 'x' }, bearer(await p.issue('client'))),
  ),
  row(
    'I1f',
    `${CALLER}, ours`,
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
    `${CALLER}, ours`,
    'a client without the permission',
    refused(401, 'insufficient_scope', 'Bearer'),
    (p) => p.post('introspection', { token: 'x' }, basic(p.client('client'))),
    ['client', 'bearerIntrospector'],
  ),
  row(
    'I1i',
    `${CALLER}, ours`,
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
    `${CALLER}, ours`,
    'Bearer and nothing behind it',
    refused(401, 'invalid_token', 'Bearer'),
    (p) => p.post('introspection', { token: 'x' }, ['authorization', 'Bearer']),
    [],
  ),
  row(
    'I1n',
    `${CALLER}, ours`,
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
