import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import type { Doorman } from './doorman.js';
import { ResetBudget } from './reset-budget.js';

/**
 * Gives a bound server's listeners what grpc-js has no option for: a bound on connections and on calls that are
 * reset, an ear for errors of `accept` (out of file descriptors, say), which would otherwise end the process, a doorman,
 * and sight of repeated credentials.
 * Answers the connections that there are, always as of now: grpc-js loses sight of them without channelz, and then
 * its `forceShutdown` ends none.
 */
export function hardenListeners(
  server: Server,
  limits: { readonly maxConnections: number; readonly maxConcurrentStreams: number },
  turnsAway: Doorman,
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
    standBefore(listener, (stream, headers) => resets.isSpent(stream) || turnsAway(stream, headers));
  }
  return connections;
}

/** Takes the place of grpc-js, and hands on what is for it. */
function standBefore(listener: Http2Server, turnsAway: Doorman): void {
  const handlers = listener.listeners('stream');
  listener.removeAllListeners('stream');
  listener.on(
    'stream',
    (stream: ServerHttp2Stream, headers, flags: number, rawHeaders?: readonly string[]) => {
      if (turnsAway(stream, headers)) return;
      showRepeatedCredential(headers, rawHeaders ?? []);
      for (const handle of handlers) handle.call(listener, stream, headers, flags);
    },
  );
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
