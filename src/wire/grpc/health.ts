import {
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { type ServingStatus, service } from 'grpc-health-check';
import type { OpenStreams } from './open-streams.js';
import { endingOf } from './status.js';

/** Says whether this server serves. */
export interface Health {
  setServing(serving: boolean): void;
}

/** A longer request names no service of ours. */
const MAX_REQUEST_BYTES = 1024;

/**
 * Adds `grpc.health.v1.Health`, for the server as a whole (`''`) and for each service by its full name; all of them
 * serve or none does. Starts as not serving.
 *
 * The definition is the library's. Its implementation echoes whatever name it is asked for, however long, and cannot
 * end a `Watch`, which would hold up every stop.
 */
export function addHealth(server: Server, services: readonly string[], openStreams: OpenStreams): Health {
  const names: ReadonlySet<string> = new Set(['', ...services]);
  const watchers = new Set<() => void>();
  let serving: ServingStatus = 'NOT_SERVING';
  const { Check, Watch, List } = definitions();

  server.register(
    Check.path,
    (call: ServerUnaryCall<Buffer, object>, respond: sendUnaryData<object>) => {
      const name = nameFrom(call.request, Check.requestDeserialize);
      if (name === undefined)
        respond({ code: status.INVALID_ARGUMENT, details: 'The message is malformed.' });
      else if (!names.has(name)) respond({ code: status.NOT_FOUND, details: 'There is no such service.' });
      else respond(null, { status: serving });
    },
    Check.responseSerialize,
    asIs,
    'unary',
  );

  server.register(
    List.path,
    (_call: ServerUnaryCall<Buffer, object>, respond: sendUnaryData<object>) => {
      respond(null, { statuses: Object.fromEntries([...names].map((name) => [name, { status: serving }])) });
    },
    List.responseSerialize,
    asIs,
    'unary',
  );

  server.register(
    Watch.path,
    (call: ServerWritableStream<Buffer, object>) => {
      const name = nameFrom(call.request, Watch.requestDeserialize);
      const isKnown = name !== undefined && names.has(name);
      const tell = (): void => void call.write({ status: isKnown ? serving : 'SERVICE_UNKNOWN' });
      const open = { end: (error: unknown) => void call.emit('error', endingOf(error, 'health').status) };
      openStreams.add(open);
      if (isKnown) watchers.add(tell);
      call.on('cancelled', () => {
        openStreams.delete(open);
        watchers.delete(tell);
      });
      tell();
    },
    Watch.responseSerialize,
    asIs,
    'serverStream',
  );

  return {
    setServing(isServing) {
      const next = isServing ? 'SERVING' : 'NOT_SERVING';
      if (next === serving) return;
      serving = next;
      for (const tell of watchers) tell();
    },
  };
}

function definitions() {
  const { Check, Watch, List } = service;
  if (Check === undefined || Watch === undefined || List === undefined) {
    throw new Error('grpc-health-check does not define the health service');
  }
  return { Check, Watch, List };
}

/** Undefined when the request is malformed. */
function nameFrom(bytes: Buffer, decode: (bytes: Buffer) => object): string | undefined {
  if (bytes.length > MAX_REQUEST_BYTES) return undefined;
  try {
    const { service: name } = decode(bytes) as { readonly service?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

const asIs = (bytes: Buffer): Buffer => bytes;
