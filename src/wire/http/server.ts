import type { Server } from 'node:http';
import { type AddressInfo, type BlockList, isIP, type Socket } from 'node:net';
import { fastify } from 'fastify';
import type { CallObserver } from '../call-observer.js';
import { capPerSource } from '../connection-cap.js';
import { Crowd } from '../crowd.js';
import type { TlsSource } from '../tls-source.js';
import { makeAdmission } from './admission.js';
import { answerBrokenRequest } from './broken-request.js';
import { acceptFormsOnly } from './form-endpoint.js';
import { makeGatekeeper, turnAway } from './gatekeeper.js';
import { DEFAULT_LIMITS, drainConnections, type HttpLimits, makeNodeServer } from './node-server.js';
import { refuse } from './refuse.js';
import { addRoutes, type HttpUseCases } from './routes.js';
import { makeSourceAddress } from './source-address.js';
import { makeTell } from './tell.js';

export interface HttpGatewayOptions {
  readonly useCases: HttpUseCases;
  readonly listen: { readonly host: string; readonly port: number };
  /** Byte for byte as in every token. */
  readonly issuer: string;
  readonly observer: CallObserver;
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: BlockList | undefined;
  readonly tls?: TlsSource | undefined;
  readonly limits?: Partial<HttpLimits>;
  /** Shared with other doors; left out, this one's own. */
  readonly crowd?: Crowd;
}

export interface HttpGateway {
  /** The real one. */
  readonly port: number;
  /** From now on each request ends its connection, so that callers go elsewhere while this server still serves. */
  leave(): void;
  /** Takes no more, finishes what it has, and cuts off what is not finished by the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * The HTTP door: forms in, use-cases, JSON out. It knows RFC 6749, 7009, 7662 and 8414, and neither what a client may
 * do nor how anything is kept.
 */
export async function startHttpGateway(options: HttpGatewayOptions): Promise<HttpGateway> {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { trustedProxies } = options;
  const isProxy = (address: string): boolean =>
    trustedProxies?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') ?? false;
  const app = fastify({
    serverFactory: (listener) => {
      const server = makeNodeServer(listener, limits, options.tls);
      capPerSource(server, limits.maxConnectionsPerSource, isProxy);
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      servers.push(server);
      return server;
    },
    // A request that was taken in while stopping is answered like any other, and its connection closed.
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (_error, _request, reply) => turnAway(reply, 400, 'The request target is malformed.'),
    // What a query says matters to no endpoint; credentials in it are refused from the raw target.
    routerOptions: { querystringParser: () => ({}) },
  });

  app.decorateRequest('requestId', '');
  app.decorateRequest('arrivedMs', 0);
  acceptFormsOnly(app);
  app.setErrorHandler((error, _request, reply) => refuse(reply, error));
  const tell = makeTell(options.observer, makeSourceAddress(options.trustedProxies));
  const admission = makeAdmission(options.crowd ?? new Crowd(), options.observer);
  const methodsByPath = addRoutes(app, options, tell, admission);
  let leaving = false;
  app.addHook(
    'onRequest',
    makeGatekeeper(methodsByPath, () => leaving, admission.turnsAway),
  );

  await app.listen(options.listen);
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    leave: () => {
      leaving = true;
    },
    stop: async (deadlineMs) => {
      const closed = app.close();
      const endDrain = drainConnections(servers, sockets, deadlineMs);
      await closed.finally(endDrain);
    },
  };
}
