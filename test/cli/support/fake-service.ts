import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { AuditServiceService } from '../../../src/wire/gen/countersign/v1/audit_service.js';
import { ClientServiceService } from '../../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceService } from '../../../src/wire/gen/countersign/v1/key_service.js';
import { TokenServiceService } from '../../../src/wire/gen/countersign/v1/token_service.js';

/** What the fake was asked. */
export interface Asked {
  /** The RPC's name, such as `createClient`. */
  readonly rpc: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
}

/** A refusal as the service gives it. */
export interface Refusal {
  readonly status: status;
  readonly code?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
}

type Methods = typeof TokenServiceService &
  typeof ClientServiceService &
  typeof KeyServiceService &
  typeof AuditServiceService;
type RequestOf<M> = M extends { requestDeserialize: (bytes: Buffer) => infer R } ? R : never;
type ResponseOf<M> = M extends { responseDeserialize: (bytes: Buffer) => infer R } ? R : never;

/** How each RPC answers: with a response, by throwing {@link refuse}, with {@link SILENCE}, or by writing to a stream. */
export type Script = {
  readonly [Rpc in keyof Methods]?: (
    request: RequestOf<Methods[Rpc]>,
    stream: ServerWritableStream<RequestOf<Methods[Rpc]>, ResponseOf<Methods[Rpc]>>,
  ) => unknown;
};

type AnyAnswer = (request: unknown, stream: unknown) => unknown;

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** To be thrown, or passed to a stream's `destroy`, by a script. */
export const refuse = (refusal: Refusal): Error => new Refused(refusal);

/** In place of an answer: none, ever. */
export const SILENCE = Symbol('silence');

export interface FakeService {
  readonly address: string;
  readonly asked: Asked[];
  stop(): Promise<void>;
}

/**
 * A real gRPC server that says what a script says: for the answers that a real service gives only in trouble. RPCs that
 * the script leaves out are unimplemented.
 */
export async function startFakeService(
  script: Script,
  options: { credentials?: ServerCredentials; port?: number } = {},
): Promise<FakeService> {
  const asked: Asked[] = [];
  const server = new Server();
  for (const definition of [
    TokenServiceService,
    ClientServiceService,
    KeyServiceService,
    AuditServiceService,
  ]) {
    const handlers: UntypedServiceImplementation = {};
    for (const [rpc, method] of Object.entries(definition)) {
      const answer = script[rpc as keyof Methods] as AnyAnswer | undefined;
      if (answer === undefined) continue;
      const unary: handleUnaryCall<unknown, unknown> = ({ request, metadata }, callback) => {
        asked.push(askedOf(rpc, request, metadata));
        try {
          const response = answer(request, undefined);
          if (response !== SILENCE) callback(null, response);
        } catch (err) {
          callback(statusOf(err));
        }
      };
      const streaming: handleServerStreamingCall<unknown, unknown> = (stream) => {
        asked.push(askedOf(rpc, stream.request, stream.metadata));
        stream.on('error', () => undefined);
        answer(stream.request, stream);
      };
      handlers[rpc] = method.responseStream ? streaming : unary;
    }
    server.addService(definition, handlers);
  }
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = options.credentials ?? ServerCredentials.createInsecure();
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (err, bound) =>
      err ? reject(err) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    asked,
    stop: async () => server.forceShutdown(),
  };
}

/** A refusal in the form of grpc-js. */
export function statusOf(err: unknown): { code: status; details: string; metadata: Metadata } {
  const {
    status: code,
    code: name,
    message,
    retryAfterSeconds,
  } = err instanceof Refused ? err.refusal : { status: status.UNKNOWN, message: String(err) };
  const metadata = new Metadata();
  if (name !== undefined) metadata.set('countersign-error', name);
  if (retryAfterSeconds !== undefined) metadata.set('retry-after', String(retryAfterSeconds));
  return { code, details: message ?? '', metadata };
}

const askedOf = (rpc: string, request: unknown, metadata: Metadata): Asked => ({
  rpc,
  request: request as Asked['request'],
  authorization: metadata.get('authorization')[0]?.toString(),
});
