import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { expect } from 'chai';
import { eventually } from '../../support/eventually.js';
import { type Door, openDoor } from './door.js';

/** The question and the answer, as the reflection's own proto has them. */
interface Answer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly errorResponse?: { readonly errorCode: number };
}
type Stream = ClientDuplexStream<Record<string, string>, Answer>;

const require = createRequire(import.meta.url);
const PROTO = join(dirname(require.resolve('@grpc/reflection/package.json')), 'build/proto/grpc/reflection');

const streamOf = (client: Client, version: 'v1' | 'v1alpha'): Stream => {
  const loaded = loadSync(join(PROTO, version, 'reflection.proto'));
  const service = loaded[`grpc.reflection.${version}.ServerReflection`] as unknown as Record<
    string,
    {
      path: string;
      requestSerialize: (value: object) => Buffer;
      responseDeserialize: (bytes: Buffer) => Answer;
    }
  >;
  const method = service.ServerReflectionInfo!;
  return client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
};

describe('reflection over gRPC', () => {
  let door: Door;
  const open = async (reflection: boolean): Promise<void> => {
    door = await openDoor({ reflection });
  };
  afterEach(() => door.close());

  const question = (asked: Record<string, string>, version: 'v1' | 'v1alpha' = 'v1'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const stream = streamOf(door.client, version);
      stream.on('data', resolve);
      stream.on('error', reject);
      stream.write(asked);
      stream.end();
    });

  for (const version of ['v1', 'v1alpha'] as const) {
    it(`lists our services and the health service (${version})`, async () => {
      await open(true);
      const { listServicesResponse } = await question({ listServices: '*' }, version);
      expect(listServicesResponse?.service.map(({ name }) => name)).to.have.members([
        'countersign.v1.TokenService',
        'countersign.v1.ClientService',
        'countersign.v1.KeyService',
        'countersign.v1.AuditService',
        'grpc.health.v1.Health',
      ]);
    });
  }

  it('describes a service so fully that a client without our proto can call it', async () => {
    await open(true);
    const { fileDescriptorResponse } = await question({
      fileContainingSymbol: 'countersign.v1.TokenService',
    });
    const files = fileDescriptorResponse?.fileDescriptorProto ?? [];
    // A FileDescriptorSet is nothing but its files, one after another in field 1.
    const set = Buffer.concat(files.flatMap((file) => [Buffer.from([0x0a, ...varint(file.length)]), file]));
    const loaded = loadPackageDefinition(loadFileDescriptorSetFromBuffer(set)) as never as {
      countersign: { v1: { TokenService: new (...args: ConstructorParameters<typeof Client>) => Client } };
    };
    const { TokenService } = loaded.countersign.v1;
    const client = new TokenService(door.address, credentials.createInsecure());
    try {
      const answer = await new Promise<{ keys: { public_key: string }[] }>((resolve, reject) => {
        const { ListVerificationKeys } = client as never as Record<string, (...args: unknown[]) => void>;
        ListVerificationKeys!.call(client, {}, (error: ServiceError | null, value: never) =>
          error === null ? resolve(value) : reject(error),
        );
      });
      expect(answer.keys[0]?.public_key).to.match(/^k4\.public\./);
    } finally {
      client.close();
    }
  });

  it('answers what it does not know or understand, without falling over', async () => {
    await open(true);
    for (const asked of [
      { fileContainingSymbol: 'x.Y' },
      { fileByFilename: '../../package.json' },
      { fileByFilename: '__proto__' },
      { fileContainingSymbol: 'x'.repeat(100_000) },
      {},
    ]) {
      const { errorResponse, fileDescriptorResponse } = await question(asked as Record<string, string>);
      expect(fileDescriptorResponse?.fileDescriptorProto ?? []).to.deep.equal([]);
      expect(errorResponse?.errorCode, JSON.stringify(asked)).to.be.oneOf([3, 5]);
    }
  });

  it('is not there where it is switched off', async () => {
    await open(false);
    const refused = await question({ listServices: '*' }).then(
      () => 'answered',
      (error: ServiceError) => error.code,
    );
    expect(refused).to.equal(12);
  });

  it('holds up no stop', async () => {
    await open(true);
    const stream = streamOf(door.client, 'v1');
    let error: ServiceError | undefined;
    stream.on('error', (reason: ServiceError) => {
      error = reason;
    });
    const answered = new Promise((resolve) => stream.once('data', resolve));
    stream.write({ listServices: '*' });
    await answered;
    await door.server.stop(60_000);
    await eventually(() => expect(error?.code).to.equal(14));
  });
});

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
