import { type Answer, headerOf, jsonOf } from './raw-http.js';

/** What an answer has to be, in words and as a check that answers every fault it finds. */
export interface Expectation {
  readonly says: string;
  faults(answer: Answer): readonly string[];
}

const want = (says: string, ...checks: readonly ((answer: Answer) => string | undefined)[]): Expectation => ({
  says,
  faults: (answer) => checks.map((check) => check(answer)).filter((fault) => fault !== undefined),
});

/** All of them. */
export const all = (...expectations: readonly Expectation[]): Expectation => ({
  says: expectations.map(({ says }) => says).join(', '),
  faults: (answer) => expectations.flatMap((expectation) => expectation.faults(answer)),
});

export const status = (code: number): Expectation =>
  want(String(code), (answer) => (answer.status === code ? undefined : `status ${answer.status}`));

/** A status and the JSON member `error` (RFC 6749 section 5.2); a 401 has its challenge. */
export const refused = (code: number, error: string, challenge = 'Basic'): Expectation =>
  want(
    code === 401 ? `401 ${error}, WWW-Authenticate: ${challenge}` : `${code} ${error}`,
    (answer) => (answer.status === code ? undefined : `status ${answer.status}`),
    (answer) => (jsonOf(answer)?.error === error ? undefined : `error ${shown(jsonOf(answer)?.error)}`),
    (answer) => (code === 401 ? challengeFault(answer, challenge) : undefined),
  );

function challengeFault(answer: Answer, scheme: string): string | undefined {
  const challenge = headerOf(answer, 'www-authenticate');
  if (challenge === undefined) return 'no WWW-Authenticate';
  return new RegExp(`(^|, *)${scheme} realm="[^"]+"`).test(challenge)
    ? undefined
    : `WWW-Authenticate ${challenge}`;
}

/** A header that has, or lacks, a value. */
export const header = (name: string, value: string | RegExp | undefined): Expectation =>
  want(
    value === undefined ? `no ${name}` : `${name}: ${value instanceof RegExp ? value.source : value}`,
    (answer) => {
      const found = headerOf(answer, name);
      const good =
        value === undefined || found === undefined
          ? found === value
          : typeof value === 'string'
            ? found === value
            : value.test(found);
      return good ? undefined : `${name} ${shown(found)}`;
    },
  );

export const noStore = want('no-store', (answer) =>
  /\bno-store\b/.test(headerOf(answer, 'cache-control') ?? '')
    ? undefined
    : `cache-control ${shown(headerOf(answer, 'cache-control'))}`,
);

/** The JSON body passes a check, which answers what is wrong. */
export const json = (
  says: string,
  fault: (body: Record<string, unknown>) => string | undefined,
): Expectation =>
  want(says, (answer) => {
    const body = jsonOf(answer);
    return body === undefined ? 'no JSON body' : fault(body);
  });

/** A member of the JSON body. */
export const member = (name: string, value: unknown): Expectation =>
  json(`${name} ${shown(value)}`, (body) =>
    JSON.stringify(body[name]) === JSON.stringify(value) ? undefined : `${name} ${shown(body[name])}`,
  );

/** What a row found out by itself, from more than one answer or by what the target is: kept beside the headers. */
const FINDING = ':finding';

/** The answer, with what is wrong about it by the row's own judgement. */
export const judged = (answer: Answer, fault: string | undefined): Answer => ({
  ...answer,
  headers: new Map(answer.headers).set(FINDING, fault === undefined ? [] : [fault]),
});

/** The row's own judgement found nothing wrong. */
export const finding = (says: string): Expectation => want(says, (answer) => headerOf(answer, FINDING));

/** The body byte for byte. */
export const body = (text: string): Expectation =>
  want(text === '' ? 'empty body' : text, (answer) =>
    answer.body === text ? undefined : `body ${shown(answer.body.slice(0, 80))}`,
  );

export const granted = all(
  status(200),
  json('access_token', (found) => (typeof found.access_token === 'string' ? undefined : 'no access_token')),
);
export const inactive = all(status(200), body('{"active":false}'));
export const active = all(status(200), member('active', true));

/** What we promise of every answer to a request that could carry a credential, whatever it was. */
export const everyAnswer = want(
  'JSON, no-store, no banner, plain error_description',
  (answer) => (answer.headers.has('server') || answer.headers.has('x-powered-by') ? 'a banner' : undefined),
  (answer) => (answer.headers.has('access-control-allow-origin') ? 'CORS' : undefined),
  (answer) =>
    answer.body === '' || answer.headers.get('content-type')?.[0]?.startsWith('application/json')
      ? undefined
      : 'no JSON type',
  (answer) => (answer.status >= 400 ? noStore.faults(answer)[0] : undefined),
  (answer) =>
    answer.status === 401 && !answer.headers.has('www-authenticate') ? 'no WWW-Authenticate' : undefined,
  (answer) => {
    const description = jsonOf(answer)?.error_description;
    return description === undefined || /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(String(description))
      ? undefined
      : 'error_description has characters that it may not have';
  },
  (answer) => (/\bat .+:\d+:\d+/.test(answer.body) ? 'a stack' : undefined),
);

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}
