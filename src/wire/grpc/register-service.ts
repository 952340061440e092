import type { Server, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import { RPC_RULES, type RpcName } from '../../domain/permission.js';
import { credentialFromMetadata, requiredCredential } from './credential.js';
import type { OpenStreams } from './open-streams.js';
import { type StreamHandler, serveStream } from './stream-call.js';
import { type Door, type Method, serveUnary, type UnaryHandler } from './unary-call.js';

/** One handler for each RPC of a service, as its stubs define it: one that is forgotten does not compile. */
export type HandlersOf<Definition> = {
  readonly [Name in keyof Definition]: HandlerOf<Definition[Name]>;
};

type HandlerOf<M> = M extends {
  readonly responseStream: infer Streams;
  requestDeserialize(bytes: Buffer): infer Request;
  responseSerialize(value: infer Response): Buffer;
}
  ? Streams extends true
    ? StreamHandler<Request, Response>
    : UnaryHandler<Request, Response>
  : never;

const MAX_REQUEST_BYTES = 64 * 1024;
const MAX_BATCH_BYTES = 1024 * 1024;

/** RPCs that take many things at once. */
const BATCHES: ReadonlySet<string> = new Set(['BatchIntrospectTokens']);

/**
 * Puts a service on a server, each RPC in its wrapper. Throws for one without a handler or without a rule in
 * `RPC_RULES`: it would be open to nobody or, worse, to anybody.
 */
export function registerService<Definition extends ServiceDefinition>(
  server: Server,
  definition: Definition,
  handlers: HandlersOf<Definition>,
  door: Door & { readonly openStreams: OpenStreams },
): void {
  for (const [name, method] of Object.entries(definition)) {
    const rpc = rpcOf(method.path);
    const handler: unknown = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (!isRuled(rpc)) throw new Error(`${rpc} has no rule, so nobody could call it`);
    if (typeof handler !== 'function') throw new Error(`${rpc} has no handler`);
    if (method.requestStream) throw new Error(`${rpc} streams requests, which nothing here reads`);

    const served = {
      rpc,
      method: method as Method<unknown, unknown>,
      credentialOf: RPC_RULES[rpc] === 'open' ? credentialFromMetadata : requiredCredential,
      maxRequestBytes: BATCHES.has(rpc) ? MAX_BATCH_BYTES : MAX_REQUEST_BYTES,
    };
    const serve: UntypedHandleCall = method.responseStream
      ? serveStream(
          { ...served, handler: handler as StreamHandler<unknown, unknown> },
          door,
          door.openStreams,
        )
      : serveUnary({ ...served, handler: handler as UnaryHandler<unknown, unknown> }, door);
    server.register(method.path, serve, asIs, asIs, method.responseStream ? 'serverStream' : 'unary');
  }
}

/** The RPC's own name, as in {@link RPC_RULES}. */
export const rpcOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const isRuled = (rpc: string): rpc is RpcName => Object.hasOwn(RPC_RULES, rpc);

/** Messages pass grpc-js as bytes. */
const asIs = (bytes: Buffer): Buffer => bytes;
