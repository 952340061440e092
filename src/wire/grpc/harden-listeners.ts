import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import { ResetBudget } from './reset-budget.js';

/**
 * Gives a bound server's listeners what grpc-js has no option for: a bound on connections and on calls that are
 * reset, an ear for errors of `accept` (out of file descriptors, say), which would otherwise end the process, and sight
 * of repeated credentials.
 * Answers the connections that there are, always as of now: grpc-js loses sight of them without channelz, and then
 * its `forceShutdown` ends none.
 */
export function hardenListeners(
  server: Server,
  limits: { readonly maxConnections: number; readonly maxConcurrentStreams: number },
): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  const resets = new ResetBudget(limits.maxConcurrentStreams);
  for (const listener of listenersOf(server)) {
    listener.maxConnections = limits.maxConnections;
    listener.on('error', () => undefined);
    listener.on('connection', (socket: Socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
    });
    listener.prependListener(
      'stream',
      (stream: ServerHttp2Stream, headers, _flags, rawHeaders?: readonly string[]) => {
        resets.watch(stream);
        showRepeatedCredential(headers, rawHeaders ?? []);
      },
    );
  }
  return connections;
}

/** grpc-js offers no way to them; a test fails should a newer version keep them elsewhere. */
function listenersOf(server: Server): Iterable<Http2Server> {
  const { http2Servers } = server as unknown as { readonly http2Servers: ReadonlyMap<Http2Server, unknown> };
  return http2Servers.keys();
}

/**
 * Node keeps the first of several `authorization` headers and drops the others without a word, so that two credentials
 * would pass for one. Put in their place as a list, grpc-js makes as many metadata entries of them.
 */
function showRepeatedCredential(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index] === 'authorization') values.push(rawHeaders[index + 1] ?? '');
  }
  if (values.length > 1) Object.assign(headers, { authorization: values });
}
