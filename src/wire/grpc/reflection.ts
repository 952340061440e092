import { type Server, type ServerDuplexStream, type ServiceDefinition, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { FILE_DESCRIPTOR_SET } from '../gen/file-descriptor-set.js';
import { type Descriptors, filesFrom, indexDescriptors } from './descriptors.js';
import type { OpenStreams } from './open-streams.js';
import { endingOf } from './status.js';

/** The longest question, in bytes: a symbol's or a file's name. */
const MAX_QUESTION_BYTES = 4096;
/** Questions whose answers the asker has yet to take. */
const MAX_WAITING = 16;

/** A question; which one it is, `messageRequest` says. */
interface Question {
  readonly host?: string;
  readonly messageRequest?: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
}
type Answers = ServerDuplexStream<Question, object>;

/**
 * Adds the reflection services, v1 and v1alpha.
 *
 * Their definitions are the library's. Its implementation gives away files that lack what they import, which grpcurl
 * cannot read, and answers as fast as it is asked, whether its answers are taken or not.
 */
export function addReflection(server: Server, openStreams: OpenStreams): void {
  const descriptors = indexDescriptors(filesFrom(Buffer.from(FILE_DESCRIPTOR_SET, 'base64')));
  new ReflectionService({}).addToServer({
    addService: (definition) =>
      server.addService(withShortQuestions(definition), {
        ServerReflectionInfo: (stream: Answers) => converse(stream, descriptors, openStreams),
      }),
  });
}

function converse(stream: Answers, descriptors: Descriptors, openStreams: OpenStreams): void {
  const open = { end: (error: unknown) => void stream.emit('error', endingOf(error, 'reflection').status) };
  openStreams.add(open);
  const forget = (): void => void openStreams.delete(open);
  stream.on('cancelled', forget);
  stream.on('finish', forget);

  stream.on('data', (question: Question) => {
    stream.write({
      validHost: question.host ?? '',
      originalRequest: question,
      ...answerTo(question, descriptors),
    });
    if (stream.writableLength >= MAX_WAITING) stream.pause();
  });
  stream.on('drain', () => stream.resume());
  stream.on('end', () => stream.end());
}

function answerTo(question: Question, { services, file, symbol }: Descriptors): object {
  switch (question.messageRequest) {
    case 'listServices':
      return { listServicesResponse: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return files(file(question.fileByFilename ?? ''));
    case 'fileContainingSymbol':
      return files(symbol(question.fileContainingSymbol ?? ''));
    case 'fileContainingExtension':
    case 'allExtensionNumbersOfType':
      // Ours are options in `.proto` files: none is ever in a message on the wire.
      return refusal(status.NOT_FOUND, 'There is no such extension.');
    default:
      return refusal(status.INVALID_ARGUMENT, 'The question is not one of the protocol.');
  }
}

const files = (found: readonly Uint8Array[] | undefined): object =>
  found === undefined
    ? refusal(status.NOT_FOUND, 'There is no such thing here.')
    : { fileDescriptorResponse: { fileDescriptorProto: found } };

const refusal = (errorCode: status, errorMessage: string): object => ({
  errorResponse: { errorCode, errorMessage },
});

/** What is too long or malformed becomes a question without a question. */
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
