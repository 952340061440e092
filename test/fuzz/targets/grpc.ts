import {
  Client,
  credentials,
  Metadata,
  type ServiceDefinition,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { AuditServiceService } from '../../../src/wire/gen/countersign/v1/audit_service.js';
import {
  ClientServiceService,
  CreateClientRequest,
  UpdateClientRequest,
} from '../../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceService } from '../../../src/wire/gen/countersign/v1/key_service.js';
import { TokenServiceService } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { basicOf } from '../../support/connection.js';
import { mutate } from '../mutate.js';
import { type FuzzServer, inParallel, startFuzzServer } from '../server.js';
import type { FuzzRoom, Target } from '../target.js';

const SERVICES: readonly ServiceDefinition[] = [
  TokenServiceService,
  ClientServiceService,
  KeyServiceService,
  AuditServiceService,
];
const METHODS = SERVICES.flatMap((service) => Object.values(service));
/** Every one of these makes the key ring longer, for ever: rarely is enough. */
const LASTING = /(?:RotateSigningKey|RevokeSigningKey)$/;
const LASTING_ONE_IN = 200;
const WIDTH = 48;
const DEADLINE_MS = 5000;
const STREAM_OPEN_MS = 200;

/** What no input may be answered with. */
const BROKEN: ReadonlySet<status> = new Set([
  status.INTERNAL,
  status.UNKNOWN,
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.DATA_LOSS,
]);

/** Messages of every RPC over a real socket, of an administrator and of nobody. */
export const grpcTarget: Target = { name: 'messages of every RPC, over gRPC', share: 15, run };

async function run(room: FuzzRoom): Promise<void> {
  const fuzzed = await startFuzzServer();
  const client = new Client(`127.0.0.1:${fuzzed.server.ports.grpc}`, credentials.createInsecure());
  const metadata = { admin: new Metadata(), nobody: new Metadata() };
  metadata.admin.set('authorization', basicOf(fuzzed.admin));
  const seeds = seedsFor(fuzzed);
  const words = [
    'client_id',
    '*',
    'orders',
    fuzzed.token,
    'display_name',
    'allowed_scopes',
    '\x0a',
    '\x12',
    '\x1a',
  ];
  const codes = new Map<string, number>();
  try {
    await inParallel(room.inputs, WIDTH, async () => {
      const method = room.random.pick(METHODS);
      if (LASTING.test(method.path) && room.random.below(LASTING_ONE_IN) > 0) return room.answered(0);
      const input = mutate(room.random.pick(seeds), room.random.pick(seeds), words, room.random);
      const who = room.random.below(4) > 0 ? 'admin' : 'nobody';
      const start = performance.now();
      const { code, details, first } = await send(client, method, input, metadata[who]);
      room.answered(performance.now() - start);
      codes.set(status[code], (codes.get(status[code]) ?? 0) + 1);
      if (BROKEN.has(code)) room.found(`${method.path} was answered ${status[code]} ${details}`, input);
      const isIntrospection = /IntrospectTokens?$/.test(method.path) && first !== undefined;
      // Field 1 of an answer about one token is `active`; ours may be in the input, whole.
      if (isIntrospection && first[0] === 0x08 && first[1] === 1 && !input.includes(fuzzed.token)) {
        room.found('a token was accepted that nobody signed', input);
      }
    });
  } finally {
    client.close();
    for (const [code, count] of [...codes].sort()) room.note(code, count);
    await fuzzed.end(room);
  }
}

function seedsFor({ token, client }: FuzzServer): readonly Buffer[] {
  const field = (no: number, text: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from([(no << 3) | 2, Buffer.byteLength(text)]), Buffer.from(text as string)]);
  const settings = {
    clientId: 'victim',
    displayName: 'x',
    allowedScopes: ['a'],
    allowedAudiences: ['b'],
    labels: { a: 'b' },
    ext: { a: [1, { b: null }] },
  };
  return [
    Buffer.alloc(0),
    Buffer.from(TokenServiceService.introspectToken.requestSerialize({ token })),
    Buffer.from(
      TokenServiceService.issueToken.requestSerialize({
        clientId: client.id,
        clientSecret: client.secret,
        scopes: ['stock:read'],
        audience: '',
        ttlSeconds: 60,
      }),
    ),
    Buffer.from(
      CreateClientRequest.encode(
        CreateClientRequest.fromPartial({ client: settings, requestId: 'r' }),
      ).finish(),
    ),
    Buffer.from(
      UpdateClientRequest.encode(
        UpdateClientRequest.fromPartial({ client: settings, updateMask: ['display_name', 'ext'] }),
      ).finish(),
    ),
    Buffer.concat([field(1, 'victim'), field(2, 'why')]),
    Buffer.concat([field(1, field(1, 'victim')), Buffer.from([0x10, 0x80, 0x80, 0x01])]),
    Buffer.from([0x08, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x12, 0x01, 0x61]),
  ];
}

interface Answer {
  readonly code: status;
  readonly details: string;
  readonly first: Buffer | undefined;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** Sends bytes; of a stream only the beginning is waited for. */
function send(
  client: Client,
  method: (typeof METHODS)[number],
  input: Buffer,
  metadata: Metadata,
): Promise<Answer> {
  return new Promise((resolve) => {
    let first: Buffer | undefined;
    const ended = ({ code, details }: Pick<StatusObject, 'code' | 'details'>): void =>
      resolve({ code, details, first });
    const call = client.makeServerStreamRequest(method.path, asIs, asIs, input, metadata, {
      deadline: Date.now() + DEADLINE_MS,
    });
    // A stream that is refused is refused at once; one that has nothing to tell yet says nothing.
    if (method.responseStream) setTimeout(() => call.cancel(), STREAM_OPEN_MS);
    call.once('data', (bytes: Buffer) => {
      first = bytes;
    });
    call.on('error', () => undefined);
    call.once('status', ended);
  });
}
