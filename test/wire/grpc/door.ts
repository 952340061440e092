import {
  type CallOptions,
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { systemClock } from '../../../src/adapters/system.js';
import type { Call } from '../../../src/domain/call.js';
import { FeedHub } from '../../../src/domain/feed-hub.js';
import { makeHoldAdmission } from '../../../src/domain/standing-admission.js';
import type { UseCases } from '../../../src/domain/use-cases.js';
import type { CallOutcome } from '../../../src/wire/call-observer.js';
import { feedMessages } from '../../../src/wire/grpc/feed-messages.js';
import type { GrpcLimits } from '../../../src/wire/grpc/limits.js';
import { type GrpcServer, startGrpcServer } from '../../../src/wire/grpc/server.js';
import type { SourceAddress } from '../../../src/wire/grpc/take-in.js';
import { makeWatchRevocations } from '../../../src/wire/grpc/watch-revocations.js';
import { makeService, type Service } from '../../support/service.js';

/** A real server on a free port, over a service of the test's own, and a client without stubs. */
export interface Door {
  readonly service: Service;
  readonly server: GrpcServer;
  readonly address: string;
  readonly client: Client;
  /** What the observer was told, in order. */
  readonly finished: { readonly call: Call; readonly outcome: CallOutcome }[];
  readonly turnedAway: { readonly rpc: string; readonly door: Call['door'] }[];
  close(): Promise<void>;
}

export interface DoorOptions {
  /** Stand-ins for some use-cases. */
  readonly instead?: Partial<UseCases>;
  readonly limits?: Partial<GrpcLimits>;
  readonly reflection?: boolean;
  readonly sourceAddress?: SourceAddress;
  readonly channel?: ChannelOptions;
}

export async function openDoor(options: DoorOptions = {}): Promise<Door> {
  const service = await makeService();
  const useCases = { ...service.useCases, ...options.instead };
  const hub = new FeedHub({ source: service.store.feed, clock: systemClock, encoder: feedMessages });
  const holdAdmission = makeHoldAdmission({ admit: useCases.admit, feed: hub, clock: systemClock });
  const finished: Door['finished'] = [];
  const turnedAway: Door['turnedAway'] = [];
  const server = await startGrpcServer({
    useCases,
    listen: { host: '127.0.0.1', port: 0 },
    observer: {
      finished: (call, outcome) => void finished.push({ call, outcome }),
      turnedAway: (rpc, at) => void turnedAway.push({ rpc, door: at }),
    },
    reflection: options.reflection ?? false,
    watchRevocations: makeWatchRevocations({ hub, holdAdmission, clock: systemClock }),
    holdAdmission,
    limits: options.limits ?? {},
    sourceAddress: options.sourceAddress,
  });
  server.setServing(true);
  const address = `127.0.0.1:${server.port}`;
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    ...options.channel,
  });
  return {
    service,
    server,
    address,
    client,
    finished,
    turnedAway,
    close: async () => {
      client.close();
      await server.stop(0);
      hub.close();
      await service.close();
    },
  };
}

/** How a call ended for its caller. */
export interface Answer<Response> {
  readonly response: Response | undefined;
  /** gRPC's code by its name. */
  readonly status: string;
  readonly details: string;
  /** Our own code; undefined where there is none. */
  readonly error: string | undefined;
  readonly trailer: Metadata;
}

/** A method as the stubs describe it, for whatever can be asked of it. */
export interface AnyMethod<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Calls a method; settles with how it ended, be it well or not. */
export function ask<Request, Response>(
  client: Client,
  method: AnyMethod<Request, Response>,
  request: Request,
  metadata = new Metadata(),
  options: CallOptions = { deadline: Date.now() + 8000 },
): Promise<Answer<Response>> {
  return new Promise((resolve) => {
    let failed: ServiceError | null = null;
    let response: Response | undefined;
    const call = client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata,
      options,
      (error, value) => {
        failed = error;
        response = value;
      },
    );
    call.on('status', ({ code, details, metadata: trailer }: StatusObject) => {
      // The callback comes in the same turn as the status, before or after it.
      setImmediate(() => {
        const error = trailer.get('countersign-error')[0];
        resolve({
          response: failed === null ? response : undefined,
          status: status[code] ?? String(code),
          details,
          error: error === undefined ? undefined : String(error),
          trailer,
        });
      });
    });
  });
}

/** The method with the message given as bytes. */
export const raw = <Response>(method: AnyMethod<never, Response>): AnyMethod<Uint8Array, Response> => ({
  ...method,
  requestSerialize: (bytes) => Buffer.from(bytes),
});

export const metadataOf = (entries: Record<string, string>): Metadata => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.add(key, value);
  return metadata;
};

export const basic = ({ clientId, secret }: { clientId: string; secret: string }): Metadata =>
  metadataOf({ authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` });

export const bearer = (token: string): Metadata => metadataOf({ authorization: `Bearer ${token}` });
