import { basicAuthorization } from './client-secret.js';
import { CountersignError, type ErrorCode, isErrorCode } from './errors.js';
import { checked, type IssuedToken, type Issuer, type TokenRequest } from './issue-token.js';

/** The part of the global `fetch` that is needed here. */
export type Fetch = (input: string | URL, init: RequestInit) => Promise<Response>;

export interface HttpIssuerOptions {
  readonly tokenEndpoint: string | URL;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
  /** The time of day, in ms: what a Retry-After date is counted from. */
  readonly now: () => number;
  /** Lets the secret cross a network in the clear: for a mesh that encrypts. */
  readonly allowPlaintext: boolean;
}

/** No honest answer is longer. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * Asks the OAuth token endpoint (RFC 6749 section 4.4) with HTTP Basic. Follows no redirect: that would hand the secret
 * to whoever answers.
 */
export function httpIssuer(options: HttpIssuerOptions, request: TokenRequest): Issuer {
  const endpoint = endpointFrom(options);
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (request.scopes.length > 0) form.set('scope', request.scopes.join(' '));
  if (request.audience !== undefined) form.set('audience', request.audience);
  const body = form.toString();
  return {
    async issue(secret, signal) {
      const response = await options
        .fetch(endpoint, {
          method: 'POST',
          headers: {
            authorization: basicAuthorization(request.clientId, secret),
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
          },
          body,
          redirect: 'error',
          signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
        })
        .catch((cause: unknown) => {
          throw unreachable(cause);
        });
      return tokenFrom(response, await textOf(response), options.now());
    },
    close() {},
  };
}

function endpointFrom(options: HttpIssuerOptions): URL {
  const url = new URL(options.tokenEndpoint);
  const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && (loopback || options.allowPlaintext))) {
    throw new TypeError('tokenEndpoint must be https, for it is sent the secret.');
  }
  return url;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw new RangeError('The answer is too long.');
      chunks.push(chunk);
    }
  } catch (cause) {
    throw unreachable(cause);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tokenFrom(response: Response, text: string, nowMs: number): IssuedToken {
  const answer = objectFrom(text);
  if (response.ok) {
    if (String(answer.token_type).toLowerCase() !== 'bearer') {
      throw new CountersignError(
        'internal',
        'The token endpoint answered with a token that is no bearer token.',
      );
    }
    return checked(answer.access_token, answer.expires_in);
  }
  const { error, error_description: description } = answer;
  throw new CountersignError(
    isErrorCode(error) ? error : codeOfHttpStatus(response.status),
    typeof description === 'string' ? description : `The token endpoint answered ${response.status}.`,
    { retryAfterSeconds: secondsFromRetryAfter(response.headers.get('retry-after'), nowMs) },
  );
}

function objectFrom(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const codeOfHttpStatus = (httpStatus: number): ErrorCode => {
  if (httpStatus === 401) return 'invalid_client';
  if (httpStatus === 429) return 'slow_down';
  if (httpStatus === 502 || httpStatus === 503 || httpStatus === 504) return 'temporarily_unavailable';
  return httpStatus >= 400 && httpStatus < 500 ? 'invalid_request' : 'internal';
};

/** Seconds, or an HTTP date (RFC 9110 section 10.2.3). */
function secondsFromRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, (atMs - nowMs) / 1000);
}

const unreachable = (cause: unknown): CountersignError =>
  new CountersignError('temporarily_unavailable', 'The token endpoint did not answer.', { cause });
