import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Server, ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';
import { endingOf } from './status.js';
import type { OpenStreams } from './stream-call.js';

/** As far from `src` as from `dist`. */
const PROTO_ROOT = fileURLToPath(new URL('../../../proto/', import.meta.url));
const PACKAGE = 'countersign/v1';

/** The longest question, in bytes: a symbol's or a file's name. */
const MAX_QUESTION_BYTES = 4096;
/** Questions whose answers the asker has yet to take. */
const MAX_WAITING = 16;

/** Adds the reflection services, v1 and v1alpha, over the `.proto` files that the package ships. */
export function addReflection(server: Server, openStreams: OpenStreams): void {
  const files = readdirSync(join(PROTO_ROOT, PACKAGE)).filter((name) => name.endsWith('.proto'));
  const definitions = loadSync([...files.map((name) => join(PACKAGE, name)), healthProto], {
    includeDirs: [PROTO_ROOT],
  });
  new ReflectionService(definitions).addToServer({
    addService: (definition, { ServerReflectionInfo: answer }) => {
      server.addService(withShortQuestions(definition), {
        ServerReflectionInfo: (stream: ServerDuplexStream<unknown, unknown>) => {
          keepBounded(stream);
          tellWhenStopping(stream, openStreams);
          (answer as (stream: ServerDuplexStream<unknown, unknown>) => void)(stream);
        },
      });
    },
  });
}

/** What is too long or malformed becomes a question without a question, which is answered as one not understood. */
function withShortQuestions(definition: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      const requestDeserialize = (bytes: Buffer): unknown => {
        try {
          return bytes.length > MAX_QUESTION_BYTES ? {} : method.requestDeserialize(bytes);
        } catch {
          return {};
        }
      };
      return [name, { ...method, requestDeserialize }];
    }),
  );
}

/** The library answers as fast as it is asked; somebody who asks and never reads would fill the memory. */
function keepBounded(stream: ServerDuplexStream<unknown, unknown>): void {
  stream.on('data', () => {
    if (stream.writableLength >= MAX_WAITING) stream.pause();
  });
  stream.on('drain', () => stream.resume());
}

function tellWhenStopping(stream: ServerDuplexStream<unknown, unknown>, openStreams: OpenStreams): void {
  const open = { end: (error: unknown) => void stream.emit('error', endingOf(error, 'reflection').status) };
  openStreams.add(open);
  const forget = (): void => void openStreams.delete(open);
  stream.on('cancelled', forget);
  stream.on('finish', forget);
}
