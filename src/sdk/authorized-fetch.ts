import type { TokenSource } from './token-source.js';

/**
 * A `fetch` that sends the source's token as `Authorization: Bearer` (RFC 6750 section 2.1), and after a 401 asks once
 * more with a fresh one. A request whose body is a stream is not repeated, for the body is gone. Rejects with
 * `CountersignError` where no token can be had. Use it with https: whoever reads a bearer token may use it.
 */
export function authorizedFetch(source: TokenSource, fetch = globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const mayRepeat =
      !(input instanceof Request && input.body !== null) && !(init?.body instanceof ReadableStream);
    const token = await source.token();
    const response = await fetch(input, withToken(input, init, token));
    if (response.status !== 401 || !mayRepeat) return response;
    source.invalidate(token);
    const fresh = await source.token().catch(() => token);
    if (fresh === token) return response;
    await response.body?.cancel();
    return fetch(input, withToken(input, init, fresh));
  };
}

function withToken(input: string | URL | Request, init: RequestInit | undefined, token: string): RequestInit {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set('authorization', `Bearer ${token}`);
  return { ...init, headers };
}
