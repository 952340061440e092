import { createConnection } from 'node:net';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect } from 'chai';
import { type GrpcGuardOptions, grpcGuard } from '../../src/sdk/grpc-guard.js';
import { findPrincipal, principalOf } from '../../src/sdk/principal-of.js';
import { protoDirectory, rulesFromPackageDefinition } from '../../src/sdk/proto-rules.js';
import { exposeRepeatedAuthorization } from '../../src/sdk/repeated-authorization.js';
import { FakeVerifier } from './fake-verifier.js';
import { until } from './until.js';

const definition = loadSync('test/sdk/orders.proto', { includeDirs: ['.', protoDirectory] });
const { orders } = loadPackageDefinition(definition) as unknown as {
  orders: { v1: { Orders: ServiceClientConstructor } };
};
const { Orders } = orders.v1;
const rules = rulesFromPackageDefinition(definition);

interface Order {
  text: string;
}
type OrdersClient = Client &
  Record<
    'getOrder' | 'createOrder' | 'whoAmI' | 'status' | 'deleteOrder',
    (order: Order, metadata: Metadata, done: (err: ServiceError | null, order?: Order) => void) => void
  > & { watchOrders(order: Order, metadata: Metadata): AsyncIterable<Order> & { cancel(): void } };

describe('grpcGuard', () => {
  let server: Server;
  let port: number;
  let client: OrdersClient;
  let verifier: FakeVerifier;
  let handled: string[];
  let watchers: ServerWritableStream<Order, Order>[];

  /** The statuses that calls ended with, as the server sent them. */
  let sent: status[];
  const noteStatus: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      sendStatus: (ended, next) => {
        sent.push(ended.code ?? status.UNKNOWN);
        next(ended);
      },
    });

  beforeEach(async () => {
    sent = [];
    verifier = new FakeVerifier();
    handled = [];
    watchers = [];
    await serve({ rules });
  });

  afterEach(() => stop());

  async function serve(options: GrpcGuardOptions): Promise<void> {
    server = new Server({ interceptors: [noteStatus, grpcGuard(verifier, options)] });
    exposeRepeatedAuthorization(server);
    const handle = (name: string) => (call: ServerUnaryCall<Order, Order>, done: sendUnaryData<Order>) => {
      handled.push(name);
      done(null, { text: findPrincipal(call)?.clientId ?? 'nobody' });
    };
    server.addService(Orders.service, {
      GetOrder: handle('GetOrder'),
      CreateOrder: handle('CreateOrder'),
      WhoAmI: (call: ServerUnaryCall<Order, Order>, done: sendUnaryData<Order>) =>
        done(null, { text: principalOf(call).clientId }),
      Status: handle('Status'),
      DeleteOrder: handle('DeleteOrder'),
      WatchOrders: (call: ServerWritableStream<Order, Order>) => {
        watchers.push(call);
        call.write({ text: principalOf(call).clientId });
      },
    });
    port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (err, bound) =>
        err ? reject(err) : resolve(bound),
      ),
    );
    client = new Orders(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as OrdersClient;
  }

  function stop(): void {
    client.close();
    server.forceShutdown();
  }

  const withToken = (...values: string[]) => {
    const metadata = new Metadata();
    for (const value of values) metadata.add('authorization', value);
    return metadata;
  };

  const call = (
    name: 'getOrder' | 'createOrder' | 'whoAmI' | 'status' | 'deleteOrder',
    metadata = new Metadata(),
  ) =>
    new Promise<string>((resolve, reject) =>
      client[name]({ text: '' }, metadata, (err, order) => (err ? reject(err) : resolve(order?.text ?? ''))),
    );

  async function refusalOf(promise: Promise<unknown>): Promise<[status, string]> {
    const err = await promise.then(
      () => {
        throw new Error('The call was let through.');
      },
      (err: ServiceError) => err,
    );
    return [err.code, String(err.metadata?.get('countersign-error')[0])];
  }

  it('lets a token with the scopes through, and puts its principal on the call', async () => {
    verifier.accept('cold', ['orders:read']);
    verifier.accept('warm', ['orders:read'], { warm: true });
    expect(await call('getOrder', withToken('Bearer cold'))).to.equal('client-of-cold');
    expect(await call('getOrder', withToken('bearer  warm'))).to.equal('client-of-warm');
    expect(await call('whoAmI', withToken('Bearer cold'))).to.equal('client-of-cold');
  });

  it('R7 of R1: refuses a call without a token, or with another scheme, as UNAUTHENTICATED', async () => {
    expect(await refusalOf(call('getOrder'))).to.deep.equal([status.UNAUTHENTICATED, 'invalid_token']);
    expect(await refusalOf(call('getOrder', withToken('Basic eDp5')))).to.deep.equal([
      status.UNAUTHENTICATED,
      'invalid_token',
    ]);
    expect(handled).to.deep.equal([]);
  });

  it('R7 of R2: refuses a malformed authorization as INVALID_ARGUMENT', async () => {
    for (const value of ['Bearer', 'Bearer a b', 'Bearer a, Bearer b']) {
      expect(await refusalOf(call('getOrder', withToken(value)))).to.deep.equal([
        status.INVALID_ARGUMENT,
        'invalid_request',
      ]);
    }
  });

  it('R7: refuses two authorization entries as INVALID_ARGUMENT, though Node shows only the first', async () => {
    verifier.accept('a', ['orders:read'], { warm: true });
    await rawCall(port, '/orders.v1.Orders/GetOrder', ['Bearer a']);
    await rawCall(port, '/orders.v1.Orders/GetOrder', ['Bearer a', 'Bearer b']);
    expect(sent).to.deep.equal([status.OK, status.INVALID_ARGUMENT]);
    expect(handled).to.deep.equal(['GetOrder']);
  });

  it('R7 of R3: refuses what the verifier refuses as UNAUTHENTICATED', async () => {
    expect(await refusalOf(call('getOrder', withToken('Bearer x')))).to.deep.equal([
      status.UNAUTHENTICATED,
      'invalid_token',
    ]);
  });

  it('R7 of R4: refuses a scope too small as PERMISSION_DENIED', async () => {
    const cases: [string[], boolean][] = [
      [['orders:read'], false],
      [['orders:read', 'orders:write'], false],
      [['orders:write', 'region:eu'], false],
      [['orders:read', 'orders:write', 'region:us'], true],
    ];
    for (const [index, [scopes, good]] of cases.entries()) {
      verifier.accept(`t${index}`, scopes);
      const outcome = call('createOrder', withToken(`Bearer t${index}`));
      if (good) await outcome;
      else expect(await refusalOf(outcome)).to.deep.equal([status.PERMISSION_DENIED, 'insufficient_scope']);
    }
  });

  it('R7: tells of staleness as UNAVAILABLE, with a hint when to try again', async () => {
    verifier.refusal = 'stale';
    const err = await call('getOrder', withToken('Bearer x')).catch((err: ServiceError) => err);
    if (typeof err === 'string') throw new Error('The call was let through.');
    expect(err.code).to.equal(status.UNAVAILABLE);
    expect(err.metadata.get('countersign-error')).to.deep.equal(['temporarily_unavailable']);
    expect(err.metadata.get('retry-after')).to.deep.equal(['1']);
  });

  it('fails closed and tells nothing when the verifier itself fails', async () => {
    verifier.failure = new Error('redis://user:secret@host');
    const err = await call('getOrder', withToken('Bearer x')).catch((err: ServiceError) => err);
    expect(String(err)).to.not.contain('secret');
    expect(handled).to.deep.equal([]);
  });

  it('refuses a method without a rule to everyone', async () => {
    verifier.accept('admin', ['orders:read', 'countersign:admin']);
    expect(await refusalOf(call('deleteOrder', withToken('Bearer admin')))).to.deep.equal([
      status.PERMISSION_DENIED,
      'insufficient_scope',
    ]);
    expect(handled).to.deep.equal([]);
  });

  it('lets everyone call a public method, and has no principal there', async () => {
    expect(await call('status')).to.equal('nobody');
    expect(await call('status', withToken('Bearer nonsense'))).to.equal('nobody');
  });

  it('ends an open stream when its token dies, and only then', async () => {
    stop();
    await serve({ rules, recheckMs: 1 });
    verifier.accept('t', ['orders:read'], { warm: true });
    const stream = client.watchOrders({ text: '' }, withToken('Bearer t'));
    const received: string[] = [];
    const ended = (async () => {
      for await (const { text } of stream) {
        received.push(text);
        verifier.revoke('t');
        verifier.refusal = 'stale';
        watchers[0]?.write({ text: 'while unsure' });
        if (text === 'while unsure') verifier.refusal = 'client_revoked';
      }
    })();
    expect(await refusalOf(ended)).to.deep.equal([status.UNAUTHENTICATED, 'invalid_token']);
    expect(received.slice(0, 2)).to.deep.equal(['client-of-t', 'while unsure']);
    await until(() => watchers[0]?.cancelled === true);
  });

  it('takes rules by method or by service, given by hand', async () => {
    stop();
    verifier.accept('t', ['a']);
    await serve({
      rules: {
        '/orders.v1.Orders/*': { scopes: 'a' },
        '/orders.v1.Orders/GetOrder': { scopes: { any: ['b', 'c'] } },
      },
    });
    expect(await call('deleteOrder', withToken('Bearer t'))).to.equal('client-of-t');
    expect((await refusalOf(call('getOrder', withToken('Bearer t'))))[0]).to.equal(status.PERMISSION_DENIED);
  });

  it('is not made while a method that will be served has no rule', () => {
    expect(() => grpcGuard(verifier, { rules, services: [Orders.service] })).to.throw(
      TypeError,
      '/orders.v1.Orders/DeleteOrder',
    );
  });

  it('is not made with a rule that could be meant otherwise', () => {
    for (const rule of [
      { public: true, scopes: 'a' },
      { scopes: { any: [] } },
      { scopes: 'a b' },
      { scope: 'a' },
      { scopes: ['a"'] },
    ]) {
      expect(() => grpcGuard(verifier, { rules: { '/x/y': rule } }), JSON.stringify(rule)).to.throw(
        TypeError,
      );
    }
  });

  it('reads no option that it does not understand', () => {
    const method = (option: unknown) => ({
      's.S': { M: { path: '/s.S/M', options: { '(countersign.v1.require)': option } } },
    });
    expect(rulesFromPackageDefinition(method({ scopes: 'a' }))).to.deep.equal({
      '/s.S/M': { public: undefined, scopes: ['a'] },
    });
    for (const option of [{ scope: 'a' }, { public: 'true' }, { scopes: [1] }]) {
      expect(() => rulesFromPackageDefinition(method(option)), JSON.stringify(option)).to.throw(TypeError);
    }
  });
});

/** A call over HTTP/2 written by hand, for no client of Node sends `authorization` twice. Resolves at its end. */
function rawCall(port: number, path: string, authorizations: string[]): Promise<void> {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  const field = (name: string, value: string) => Buffer.concat([Buffer.from([0]), text(name), text(value)]);
  const frame = (type: number, flags: number, stream: number, payload: Buffer) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]);
  };
  const headers = Buffer.concat([
    // From HPACK's static table: `:method: POST` and `:scheme: http`.
    Buffer.from([0x83, 0x86]),
    field(':path', path),
    field(':authority', 'orders.test'),
    field('content-type', 'application/grpc'),
    field('te', 'trailers'),
    ...authorizations.map((value) => field('authorization', value)),
  ]);
  const request = Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4, 0, 0, Buffer.alloc(0)),
    frame(1, 4, 1, headers),
    frame(0, 1, 1, Buffer.alloc(5)),
  ]);
  // A frame of headers (type 1) with END_HEADERS and END_STREAM (4 + 1) on stream 1.
  const endOfStream = Buffer.from([1, 5, 0, 0, 0, 1]);
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const socket = createConnection(port, '127.0.0.1', () => socket.write(request));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.includes(endOfStream)) socket.end();
    });
    socket.on('close', () => resolve());
  });
}
