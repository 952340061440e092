import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

type StreamHandler = (
  interceptors: unknown,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags?: number,
  rawHeaders?: readonly string[],
) => void;

const HANDLERS = ['_streamHandler', '_channelzHandler'] as const;

/**
 * Lets a guard see that a call came with more than one `authorization`, so that it is refused as malformed.
 *
 * Node's HTTP/2 server keeps the first of them and drops the others without a word, so an interceptor sees a call like
 * any other, while a proxy in between may have gone by the last. What came is in the raw headers alone, which grpc-js
 * is handed and ignores; it offers no hook, so this wraps its own handler. To be called before `bindAsync`. Throws where
 * grpc-js has changed so that this cannot be done: nobody should believe in a check that is not made.
 */
export function exposeRepeatedAuthorization(server: Server): void {
  const handlers = server as unknown as Record<string, unknown>;
  for (const name of HANDLERS) {
    const handle = handlers[name];
    if (typeof handle !== 'function')
      throw new Error(`This version of @grpc/grpc-js has no ${name} to wrap.`);
    const wrapped: StreamHandler = function (
      this: unknown,
      interceptors,
      stream,
      headers,
      flags,
      rawHeaders,
    ) {
      const values = valuesOf('authorization', rawHeaders ?? []);
      // grpc-js makes one metadata entry of each element of a list.
      const seen = values.length > 1 ? { ...headers, authorization: values as unknown as string } : headers;
      handle.call(this, interceptors, stream, seen, flags, rawHeaders);
    };
    handlers[name] = wrapped;
  }
}

/** Every value of a header in Node's raw form, which has names and values by turns. */
export const valuesOf = (name: string, rawHeaders: readonly string[]): string[] =>
  rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
