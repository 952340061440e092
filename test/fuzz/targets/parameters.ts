import { AuthError } from '../../../src/domain/errors.js';
import { positionFromCursor } from '../../../src/domain/feed-cursor.js';
import { isClientId } from '../../../src/domain/ids.js';
import { scopesFromRequest } from '../../../src/domain/scope.js';
import { bearerFrom } from '../../../src/sdk/bearer-token.js';
import { parseBasicCredentials } from '../../../src/wire/basic-credentials.js';
import {
  CREDENTIAL_PARAMETERS,
  credentialFrom,
  refuseCredentialsInQuery,
} from '../../../src/wire/http/credentials.js';
import { makeReadForm, pairsOf } from '../../../src/wire/http/form.js';
import { makeSourceAddress } from '../../../src/wire/http/source-address.js';
import { requestIdFrom } from '../../../src/wire/request-id.js';
import { traceContextFrom } from '../../../src/wire/trace-context.js';
import { guided } from '../guided.js';
import { hold, type Target } from '../target.js';

const readForm = makeReadForm({
  names: [...CREDENTIAL_PARAMETERS, 'grant_type', 'scope', 'resource'],
  repeatable: ['resource'],
});

/** What the act answers, or undefined where it is refused in words of ours; any other failure is a find. */
function refusedOr<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    hold(error.code !== 'internal', 'it was refused as internal');
    hold(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/.test(error.message), 'a refusal repeats what it was sent');
    return undefined;
  }
}

/** A body is read one way only, or refused. */
export const formTarget: Target = guided({
  name: 'forms and queries',
  share: 12,
  seeds: [
    'grant_type=client_credentials&scope=a+b&client_id=x&client_secret=y',
    'resource=https%3A%2F%2Fa&resource=b&__proto__=1&constructor=2',
    'scope=%C3%A9&&=&a',
  ],
  words: [
    'grant_type',
    'client_credentials',
    'scope=',
    'client_id=',
    'client_secret=',
    'resource=',
    'client_assertion=',
    'access_token=',
    'client%5Fid=',
  ],
  judge(input) {
    const form = refusedOr(() => readForm(input));
    const text = input.toString('utf8');
    refusedOr(() => refuseCredentialsInQuery(`/oauth/token?${text}`));
    if (form === undefined) return;
    const ways = refusedOr(() => credentialFrom(undefined, form, { bearer: true }));
    const given = pairsOf(text).filter(([name]) => name === 'client_secret');
    hold(given.length <= 1, 'a repeated parameter was read');
    hold(
      ways?.kind !== 'secret' || ways.secret === (given[0]?.[1] ?? ''),
      'another secret was read than the one sent',
    );
    refusedOr(() => scopesFromRequest(form.one('scope').split(' ')));
  },
});

/** A header is read one way only, or refused. */
export const headerTarget: Target = guided({
  name: 'Basic, Bearer and other headers',
  share: 12,
  seeds: [
    `Basic ${Buffer.from('orders:s%2Bcret').toString('base64')}`,
    'Bearer v4.public.abc.def',
    'basic Og==',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '10.0.0.1, [::1]:80, 192.0.2.1:99',
    'abc:12',
  ],
  words: ['Basic ', 'Bearer ', 'bearer', ', ', '::ffff:', '00-', ':-', Buffer.from('a:b').toString('base64')],
  judge(input) {
    const text = input.toString('latin1');
    const basic = parseBasicCredentials(text);
    if (basic !== undefined) {
      const [, encoded = ''] = text.trim().split(/ +/);
      hold(Buffer.from(encoded, 'base64').toString('base64') === encoded, 'lax base64 was read');
      if (isClientId(basic.clientId))
        hold(/^[\w.-]{1,64}$/.test(basic.clientId), 'an id out of form was read');
    }
    const bearer = bearerFrom([text]);
    hold(bearer.kind !== 'token' || !/[\s,]/.test(bearer.token), 'a token with a space was read');
    hold(bearerFrom([text, text]).kind === 'malformed', 'two headers passed for one');
    hold(/^[\x21-\x7e]{1,128}$/.test(requestIdFrom(text)), 'a request id out of form was taken');
    traceContextFrom(text);
    makeSourceAddress(undefined)(text, text);
    refusedOr(() => positionFromCursor(text));
  },
});
