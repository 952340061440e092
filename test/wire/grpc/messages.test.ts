import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import fc from 'fast-check';
import { RPC_RULES, type RpcName } from '../../../src/domain/permission.js';
import { AuditServiceService } from '../../../src/wire/gen/countersign/v1/audit_service.js';
import {
  Client as ClientMessage,
  ClientServiceService,
  CreateClientRequest,
} from '../../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceService } from '../../../src/wire/gen/countersign/v1/key_service.js';
import {
  IssueTokenRequest,
  TokenServiceService,
} from '../../../src/wire/gen/countersign/v1/token_service.js';
import { type AnyMethod, ask, basic, type Door, openDoor, raw } from './door.js';

const METHODS = Object.values({
  ...TokenServiceService,
  ...ClientServiceService,
  ...KeyServiceService,
  ...AuditServiceService,
});
const UNARY = METHODS.filter(({ responseStream }) => !responseStream) as readonly AnyMethod<never, unknown>[];
const rpcOf = (method: { readonly path: string }): RpcName => method.path.split('/')[2] as RpcName;

describe('a message over gRPC', () => {
  let door: Door;
  let admin: Metadata;
  before(async () => {
    door = await openDoor();
    admin = basic(door.service.admin);
  });
  after(() => door.close());

  const send = async (method: AnyMethod<never, unknown>, bytes: Uint8Array, metadata = admin) => {
    const isOpen = RPC_RULES[rpcOf(method)] === 'open';
    const { status, error } = await ask(door.client, raw(method), bytes, isOpen ? undefined : metadata);
    return error === undefined ? status : `${status} ${error}`;
  };
  const field = (no: number, wireType: number) => new BinaryWriter().tag(no, wireType);
  const MALFORMED = 'INVALID_ARGUMENT invalid_request';

  for (const method of UNARY) {
    describe(rpcOf(method), () => {
      for (const [what, bytes] of [
        ['cut short', Buffer.from([0x0a, 0x05, 0x61])],
        ['of text that is no UTF-8', Buffer.from([0x0a, 0x02, 0xc3, 0x28])],
        ['with a length beyond all reason', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
        ['that goes on after a zero tag', Buffer.from([0x00, 0x0a, 0x01, 0x61])],
        ['that goes on after the end of a group it never began', Buffer.from([0x0c, 0x0a, 0x01, 0x61])],
        ['with a varint that does not end', Buffer.alloc(40, 0xff)],
        ['of an unknown wire type', Buffer.from([0x0f, 0x01])],
        ['that is noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      ] as const) {
        it(`${what} is refused as malformed`, async () => {
          const answer = await send(method, bytes);
          // Only where a text stands can it be a bad one.
          if (what.includes('UTF-8') && passesOverText(method)) expect(answer).not.to.match(/INTERNAL/);
          else expect(answer).to.equal(MALFORMED);
        });
      }

      it('longer than it may be is refused, and at the very limit it is read', async () => {
        const limit = rpcOf(method) === 'BatchIntrospectTokens' ? 1024 * 1024 : 64 * 1024;
        // An unknown field of the length that is left.
        const ofLength = (length: number): Uint8Array =>
          field(1000, 2)
            .bytes(new Uint8Array(length - 5))
            .finish();
        const atLimit = ofLength(limit);
        expect(atLimit).to.have.length(limit);
        expect(await send(method, atLimit)).not.to.match(/INTERNAL|RESOURCE|UNKNOWN/);
        if (limit === 64 * 1024) expect(await send(method, ofLength(limit + 1))).to.equal(MALFORMED);
        else expect(await send(method, ofLength(limit + 1))).to.equal('RESOURCE_EXHAUSTED');
      });

      it('without a credential is not even read, where one is needed', async () => {
        if (RPC_RULES[rpcOf(method)] === 'open') return;
        const { error } = await ask(door.client, raw(method), Buffer.alloc(60_000, 0xff));
        expect(error).to.equal('invalid_client');
      });
    });
  }

  it('with a number that is beyond 2^53 is refused, not rounded', async () => {
    for (const value of ['9007199254740992', '9223372036854775807', '-9223372036854775808']) {
      const bytes = field(5, 0).int64(value).finish();
      expect(await send(TokenServiceService.issueToken, bytes), value).to.equal(MALFORMED);
    }
  });

  it('with a secret of 1 MB, or of more, ends in an error that is not ours alone', async () => {
    const message = (length: number) =>
      IssueTokenRequest.encode(
        IssueTokenRequest.create({ clientId: 'orders', clientSecret: 'x'.repeat(length) }),
      ).finish();
    expect(await send(TokenServiceService.issueToken, message(1_000_000))).to.equal(MALFORMED);
    expect(await send(TokenServiceService.issueToken, message(5_000_000))).to.equal('RESOURCE_EXHAUSTED');
  });

  it('with nesting beyond measure is refused', async () => {
    let ext = Buffer.from([]);
    for (let depth = 0; depth < 500; depth += 1) {
      // Struct.fields -> entry.value -> Value.struct_value
      ext = Buffer.from(wrap(1, wrap(2, wrap(5, ext))));
    }
    expect(await send(ClientServiceService.createClient, wrap(1, wrap(14, ext)))).to.equal(MALFORMED);
  });

  it('with a key by the name of __proto__ is refused, and not read without it', async () => {
    const create = (changes: Partial<ClientMessage>, clientId = 'proto') => {
      const client = ClientMessage.create({ clientId, allowedAudiences: ['https://orders.test'] });
      return CreateClientRequest.encode(
        CreateClientRequest.create({ client: { ...client, ...changes } }),
      ).finish();
    };
    const named = (value: unknown): never => JSON.parse(JSON.stringify({ placehold: value })) as never;
    const smuggled = (bytes: Uint8Array): Buffer => {
      const copy = Buffer.from(bytes);
      const at = copy.indexOf('placehold');
      expect(at).to.be.greaterThan(0);
      copy.write('__proto__', at);
      return copy;
    };
    for (const changes of [
      { ext: named({ admin: true }) },
      { ext: named('x') },
      { ext: { deep: named({ a: 1 }) } },
      { labels: named('x') },
    ]) {
      expect(await send(ClientServiceService.createClient, smuggled(create(changes)))).to.equal(MALFORMED);
    }
    expect(({} as { admin?: unknown }).admin).to.equal(undefined);
    // As a value, or as a client's id, it is a name like any other.
    expect(
      await send(ClientServiceService.createClient, create({ displayName: '__proto__' }, '__proto__')),
    ).to.equal('OK');
    expect(await send(ClientServiceService.getClient, wrap(1, Buffer.from('__proto__')))).to.equal('OK');
  });

  it('of any bytes at all gets an answer of the table, never an internal one', async function () {
    this.timeout(60_000);
    const answers =
      /^(OK|INVALID_ARGUMENT \w+|UNAUTHENTICATED \w+|PERMISSION_DENIED \w+|NOT_FOUND not_found|ABORTED conflict)$/;
    const tag = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7));
    const piece = fc
      .tuple(tag, fc.uint8Array({ maxLength: 24 }), fc.boolean())
      .map(([[no, wireType], bytes, honest]) =>
        Buffer.concat([
          Buffer.from([((no << 3) & 0x7f) | wireType]),
          Buffer.from(honest ? [bytes.length] : []),
          bytes,
        ]),
      );
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.concat(pieces)),
    );
    // These would take away what the others need.
    const harmless = UNARY.filter((method) => !/Rotate|RevokeSigningKey/.test(method.path));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...harmless), message, async (method, bytes) => {
        expect(await send(method, bytes)).to.match(answers);
      }),
      { numRuns: 2000 },
    );
    expect(door.finished.filter(({ outcome }) => outcome.code === 'internal')).to.deep.equal([]);
  });
});

const wrap = (no: number, bytes: Uint8Array): Uint8Array =>
  new BinaryWriter().tag(no, 2).bytes(bytes).finish();

/** Whether the request's field 1 is nothing that this text could be, so that it is passed over. */
function passesOverText(method: AnyMethod<never, unknown>): boolean {
  const { requestDeserialize } = method as unknown as { requestDeserialize(bytes: Buffer): unknown };
  try {
    return !JSON.stringify(requestDeserialize(Buffer.from([0x0a, 0x01, 0x61]))).includes('"a"');
  } catch {
    return false;
  }
}
