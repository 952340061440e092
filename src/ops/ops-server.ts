import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the operations port shows. It knows nothing of tokens or clients, and asks nobody who they are. */
export interface OpsSources {
  readonly listen: { readonly host: string; readonly port: number };
  /** Whether this server would answer calls for sure now. */
  readonly ready: () => boolean;
  /** Every metric in Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

export interface OpsServer {
  /** The real one, also when port 0 was asked for. */
  readonly port: number;
  /** Stops listening and cuts what is still connected. */
  stop(): Promise<void>;
}

/** More than every scraper and probe of one server needs, and few enough to be no way of exhausting it. */
const MAX_CONNECTIONS = 64;
const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const JSON_TEXT = 'application/json; charset=utf-8';

/**
 * Serves liveness, readiness and metrics, on a port of its own so that none of it is ever public.
 *
 * Liveness says only that this process still turns its event loop: it never asks the store, or an outage of Redis
 * would have every server killed. Readiness falls with the store and while draining. Rejects when it cannot listen.
 */
export function startOpsServer(sources: OpsSources): Promise<OpsServer> {
  const server = createServer(
    {
      headersTimeout: 5_000,
      requestTimeout: 5_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8 * 1024,
    },
    (request, response) => void answer(sources, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;

  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(sources.listen.port, sources.listen.host, () => {
      server.off('error', reject);
      resolve({ port: (server.address() as AddressInfo).port, stop });
    });
  });
}

async function answer(
  sources: OpsSources,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Nothing here reads a body, so what somebody sends along is thrown away as it comes.
  request.resume();
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };

  const path = request.url?.split('?', 1)[0];
  const known = path === '/livez' || path === '/readyz' || path === '/metrics';
  if (!known) return send(404, JSON_TEXT, '{"status":"not found"}\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return send(405, JSON_TEXT, '{"status":"method not allowed"}\n');
  }
  if (path === '/livez') return send(200, JSON_TEXT, '{"status":"alive"}\n');
  if (path === '/readyz') {
    return sources.ready()
      ? send(200, JSON_TEXT, '{"status":"ready"}\n')
      : send(503, JSON_TEXT, '{"status":"not ready"}\n');
  }
  try {
    send(200, PROMETHEUS_TEXT, await sources.metrics());
  } catch {
    send(500, JSON_TEXT, '{"status":"metrics could not be gathered"}\n');
  }
}
