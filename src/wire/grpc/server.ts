import type { Socket } from 'node:net';
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogVerbosity,
} from '@grpc/grpc-js';
import type { HoldAdmission } from '../../domain/standing-admission.js';
import type { UseCases } from '../../domain/use-cases.js';
import type { CallObserver } from '../call-observer.js';
import { Crowd } from '../crowd.js';
import { AuditServiceService } from '../gen/countersign/v1/audit_service.js';
import { ClientServiceService } from '../gen/countersign/v1/client_service.js';
import { KeyServiceService } from '../gen/countersign/v1/key_service.js';
import {
  TokenServiceService,
  type WatchRevocationsRequest,
  type WatchRevocationsResponse,
} from '../gen/countersign/v1/token_service.js';
import type { TlsSource } from '../tls-source.js';
import { makeAuditServiceHandlers } from './audit-service.js';
import { makeClientServiceHandlers } from './client-service.js';
import { makeDoorman } from './doorman.js';
import { hardenListeners } from './harden-listeners.js';
import { addHealth } from './health.js';
import { HoldBack } from './hold-back.js';
import { makeKeyServiceHandlers } from './key-service.js';
import { DEFAULT_LIMITS, type GrpcLimits, serverOptions } from './limits.js';
import { LoopWatch } from './loop-watch.js';
import { OpenStreams } from './open-streams.js';
import { addReflection } from './reflection.js';
import { registerService } from './register-service.js';
import type { StreamHandler } from './stream-call.js';
import { makeTakeIn, peerAddress, type SourceAddress } from './take-in.js';
import { TlsCredentials } from './tls-credentials.js';
import { makeTokenServiceHandlers } from './token-service.js';

export interface GrpcServerOptions {
  readonly useCases: UseCases;
  readonly listen: { readonly host: string; readonly port: number };
  readonly observer: CallObserver;
  readonly reflection: boolean;
  readonly watchRevocations: StreamHandler<WatchRevocationsRequest, WatchRevocationsResponse>;
  /** For streams other than that, which looks after its own callers. */
  readonly holdAdmission: HoldAdmission;
  readonly tls?: TlsSource | undefined;
  /** Who a call comes from; left out, the connection's peer. */
  readonly sourceAddress?: SourceAddress | undefined;
  readonly limits?: Partial<GrpcLimits>;
  /** Shared with other doors; left out, this one's own. */
  readonly crowd?: Crowd;
}

export interface GrpcServer {
  /** The real one. */
  readonly port: number;
  /** What the health service says; at first that it does not serve. */
  setServing(serving: boolean): void;
  /** Takes no more, tells open streams to resume elsewhere, finishes its calls, and cuts off the rest at the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * The gRPC door: messages in, use-cases, messages out, beside health and reflection. It knows the proto and gRPC's
 * statuses, and neither what a client may do nor how anything is kept.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  // grpc-js's own log prints metadata that it cannot read, credentials included.
  setLogVerbosity(logVerbosity.NONE);
  const { useCases, holdAdmission, watchRevocations, tls } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const server = new Server(serverOptions(limits));
  const openStreams = new OpenStreams();
  const loop = new LoopWatch();
  const crowd = options.crowd ?? new Crowd(limits.crowd);
  const holdBack = new HoldBack(crowd, {
    most: limits.maxConcurrentStreams,
    aim: limits.crowd.maxCalls * ENOUGH,
  });
  const observer: CallObserver = {
    finished: (call, outcome) => {
      holdBack.ended(outcome.code === 'cancelled');
      options.observer.finished(call, outcome);
    },
    turnedAway: (rpc, at) => options.observer.turnedAway?.(rpc, at),
  };
  const door = {
    loop,
    crowd,
    takeIn: makeTakeIn(options.sourceAddress ?? peerAddress),
    observer,
    callTimeoutMs: limits.callTimeoutMs,
    openStreams,
  };

  registerService(server, TokenServiceService, makeTokenServiceHandlers(useCases, watchRevocations), door);
  registerService(server, ClientServiceService, makeClientServiceHandlers(useCases), door);
  registerService(server, KeyServiceService, makeKeyServiceHandlers(useCases), door);
  registerService(server, AuditServiceService, makeAuditServiceHandlers(useCases, holdAdmission), door);
  const health = addHealth(server, SERVICES.map(nameOf), openStreams);
  if (options.reflection) addReflection(server, openStreams);

  const credentials = tls === undefined ? ServerCredentials.createInsecure() : new TlsCredentials(tls);
  const port = await bind(server, options.listen, credentials);
  const doorman = makeDoorman({
    services: SERVICES,
    crowd,
    holdBack,
    observer,
  });
  const connections = hardenListeners(server, limits, doorman);

  return {
    port,
    setServing: (serving) => health.setServing(serving),
    async stop(deadlineMs) {
      loop.close();
      holdBack.close();
      health.setServing(false);
      openStreams.stop();
      await drain(server, connections, deadlineMs);
    },
  };
}

/** With so many calls for each place there is always one to go on with. */
const ENOUGH = 1.5;

const SERVICES: readonly ServiceDefinition[] = [
  TokenServiceService,
  ClientServiceService,
  KeyServiceService,
  AuditServiceService,
];

/** Its full name. */
const nameOf = (service: ServiceDefinition): string => Object.values(service)[0]?.path.split('/')[1] ?? '';

function bind(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  credentials: ServerCredentials,
): Promise<number> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
}

function drain(server: Server, connections: Iterable<Socket>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      for (const socket of connections) socket.destroy();
      resolve();
    }, deadlineMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
