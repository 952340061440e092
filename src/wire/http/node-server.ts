import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { MIN_TLS_VERSION, type TlsSource } from '../tls-source.js';
import { refuseExpectation } from './broken-request.js';

/** How much and how long anybody may keep this server busy without having said who they are. */
export interface HttpLimits {
  /** Connections held at once; more are closed as they come. */
  readonly maxConnections: number;
  /** Of those, from one address, trusted proxies aside. */
  readonly maxConnectionsPerSource: number;
  /** From the connection, or the request before, to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** To the end of the body. */
  readonly requestTimeoutMs: number;
  /** Between two requests of one connection. */
  readonly keepAliveTimeoutMs: number;
  /** Without a byte either way; ends a connection whose answer never comes. The last net, far behind the others. */
  readonly silenceTimeoutMs: number;
  /** How often headers and bodies are looked after. */
  readonly checkIntervalMs: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  maxConnections: 4096,
  maxConnectionsPerSource: 1024,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 8000,
  keepAliveTimeoutMs: 5000,
  silenceTimeoutMs: 15_000,
  checkIntervalMs: 500,
};

/** The longest request line and headers together, in bytes. */
const MAX_HEADER_BYTES = 8192;

/** Node's own server with the limits, HTTP/1.1 over TCP or TLS. */
export function makeNodeServer(
  listener: RequestListener,
  limits: HttpLimits,
  tls: TlsSource | undefined,
): Server {
  const options: ServerOptions = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    // The gatekeeper does, and answers in JSON.
    requireHostHeader: false,
    noDelay: true,
  };
  const server = tls === undefined ? createServer(options, listener) : makeTlsServer(listener, options, tls);
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.silenceTimeoutMs);
  server.on('checkExpectation', refuseExpectation);
  return server;
}

function makeTlsServer(listener: RequestListener, options: ServerOptions, tls: TlsSource): Server {
  const { ca, ...own } = tls.current();
  const mutual = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer(
    {
      ...options,
      ...own,
      ...mutual,
      minVersion: MIN_TLS_VERSION,
      // What counts for headers does not count before there is TLS.
      handshakeTimeout: options.headersTimeout,
    },
    listener,
  );
  const stopListening = tls.onChange(() =>
    server.setSecureContext({ ...tls.current(), minVersion: MIN_TLS_VERSION }),
  );
  server.once('close', stopListening);
  return server;
}

/** While stopping: how often idle connections are closed, and how long a fresh one may take to say something. */
const SWEEP_MS = 20;
const FIRST_BYTE_MS = 200;

/**
 * Ends a server's connections as they become idle, and all that are left at the deadline.
 *
 * Node closes the idle ones once, at `close()`; one whose answer is on its way then would stay for its keep-alive, and
 * one that never sent a byte for the headers' timeout, and hold up the stop for nothing. Answers how to end the watch.
 */
export function drainConnections(
  servers: readonly Server[],
  sockets: Iterable<Socket>,
  deadlineMs: number,
): () => void {
  const sweep = setInterval(() => {
    for (const server of servers) server.closeIdleConnections();
  }, SWEEP_MS);
  const silent = setTimeout(() => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }, FIRST_BYTE_MS);
  const force = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
  }, deadlineMs);
  return () => {
    clearInterval(sweep);
    clearTimeout(silent);
    clearTimeout(force);
  };
}
