import { Metadata, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { AuthError, type AuthErrorCode, INTERNAL_MESSAGE } from '../../../src/domain/errors.js';
import type { UseCases } from '../../../src/domain/use-cases.js';
import { TokenServiceService as Token } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { GRPC_STATUS } from '../../../src/wire/grpc/status.js';
import { makeTakeIn, peerAddress } from '../../../src/wire/grpc/take-in.js';
import { serveUnary } from '../../../src/wire/grpc/unary-call.js';
import { eventually } from '../../support/eventually.js';
import { ask, type Door, type DoorOptions, metadataOf, openDoor } from './door.js';

const CANARY = 'redis://user:canary@store';

describe('a handler over gRPC', () => {
  let door: Door;
  afterEach(() => door.close());

  const open = async (listVerificationKeys: UseCases['listVerificationKeys'], options: DoorOptions = {}) => {
    door = await openDoor({ ...options, instead: { listVerificationKeys } });
  };
  const call = (metadata = new Metadata(), deadlineMs = 8000) =>
    ask(door.client, Token.listVerificationKeys, {}, metadata, { deadline: Date.now() + deadlineMs });
  const keys = { keys: [], refreshAfterSeconds: 7 };

  for (const [how, fails] of [
    [
      'throws',
      () => {
        throw new Error(CANARY);
      },
    ],
    ['rejects', () => Promise.reject(new Error(CANARY))],
    ['rejects with no error at all', () => Promise.reject(undefined)],
    [
      'rejects with an error that looks like a status',
      () => Promise.reject(Object.assign(new Error(CANARY), { code: 5, details: CANARY })),
    ],
    ['answers nonsense', () => Promise.resolve(undefined as never)],
    [
      'answers what no message can hold',
      () => Promise.resolve({ keys: [], refreshAfterSeconds: Number.NaN }),
    ],
  ] as const) {
    it(`that ${how} is answered with a fixed sentence; the truth goes to the observer under the request id`, async () => {
      await open(fails);
      const answer = await call();
      expect(answer).to.deep.include({ status: 'INTERNAL', error: 'internal', details: INTERNAL_MESSAGE });
      expect(JSON.stringify([answer, answer.trailer.toJSON()])).not.to.include('canary');
      expect(door.finished).to.have.length(1);
      expect(door.finished[0]?.outcome.code).to.equal('internal');
      expect(answer.trailer.get('x-request-id')).to.deep.equal([door.finished[0]?.call.requestId]);
      if (how.startsWith('throws')) expect(door.finished[0]?.outcome.cause).to.be.an('error');
    });
  }

  it('that fails does not disturb the calls beside it', async () => {
    let count = 0;
    await open(async () => {
      count += 1;
      if (count % 2 === 0) throw new Error(CANARY);
      await new Promise(setImmediate);
      return keys;
    });
    const answers = await Promise.all(Array.from({ length: 40 }, () => call()));
    expect(answers.filter(({ status }) => status === 'OK')).to.have.length(20);
    expect(answers.filter(({ status }) => status === 'INTERNAL')).to.have.length(20);
  });

  for (const code of Object.keys(GRPC_STATUS) as AuthErrorCode[]) {
    it(`that fails with ${code} is answered with its status, its code and its sentence`, async () => {
      await open(() => Promise.reject(new AuthError(code, 'A sentence.', { cause: new Error(CANARY) })));
      const answer = await call();
      expect(answer.error).to.equal(code);
      expect(answer.details).to.equal('A sentence.');
      expect(answer.trailer.get('retry-after')).to.deep.equal([]);
      expect(JSON.stringify(answer.trailer.toJSON())).not.to.include('canary');
      expect(door.finished[0]?.outcome).to.deep.include({ rpc: 'ListVerificationKeys', code });
      expect(door.finished[0]?.outcome.cause).to.be.an('error').with.property('message', CANARY);
    });
  }

  it('has the statuses of the contract', () => {
    expect(GRPC_STATUS).to.deep.equal({
      invalid_request: 3,
      invalid_client: 16,
      unauthorized_client: 7,
      unsupported_grant_type: 3,
      invalid_scope: 3,
      invalid_target: 3,
      invalid_token: 16,
      insufficient_scope: 7,
      not_found: 5,
      already_exists: 6,
      conflict: 10,
      slow_down: 8,
      temporarily_unavailable: 14,
      internal: 13,
    });
  });

  it('that says when to retry says it twice: to people, and to retry policies', async () => {
    await open(() => Promise.reject(new AuthError('slow_down', 'Slower.', { retryAfterSeconds: 3 })));
    const { status, trailer } = await call();
    expect(status).to.equal('RESOURCE_EXHAUSTED');
    expect(trailer.get('retry-after')).to.deep.equal(['3']);
    expect(trailer.get('grpc-retry-pushback-ms')).to.deep.equal(['3000']);
  });

  it('that never settles is answered by the server itself, and what it does later reaches nobody', async () => {
    let settle: (value: typeof keys) => void = () => undefined;
    await open(
      () =>
        new Promise((resolve) => {
          settle = resolve;
        }),
      { limits: { callTimeoutMs: 30 } },
    );
    const answer = await call();
    expect(answer).to.deep.include({ status: 'UNAVAILABLE', error: 'temporarily_unavailable' });
    settle(keys);
    await new Promise(setImmediate);
    expect(door.finished.map(({ outcome }) => outcome.code)).to.deep.equal(['temporarily_unavailable']);
  });

  it('whose caller has gone is told to the observer as cancelled', async () => {
    let settle: ((value: typeof keys) => void) | undefined;
    await open(async () =>
      settle === undefined
        ? new Promise((resolve) => {
            settle = resolve;
          })
        : keys,
    );
    expect((await call(new Metadata(), 50)).status).to.equal('DEADLINE_EXCEEDED');
    // It goes by the same connection, so the server knows of the first one's end once it has answered this.
    expect((await call()).status).to.equal('OK');
    settle?.(keys);
    await eventually(() =>
      expect(door.finished.map(({ outcome }) => outcome.code)).to.deep.equal(['ok', 'cancelled']),
    );
  });

  for (const [what, state] of [
    ['whose deadline passed while the server was stalled', { cancelled: false, deadline: Date.now() - 1 }],
    ['that was cancelled meanwhile', { cancelled: true, deadline: Number.POSITIVE_INFINITY }],
  ] as const) {
    it(`is not run at all for a call ${what}`, async () => {
      await open(() => Promise.resolve(keys));
      const codes: string[] = [];
      const answered = new Promise<number | undefined>((resolve) => {
        serveUnary(
          {
            rpc: 'ListVerificationKeys',
            method: Token.listVerificationKeys,
            handler: () => expect.fail('it ran'),
            credentialOf: () => ({ kind: 'none' }),
            maxRequestBytes: 10,
          },
          {
            takeIn: makeTakeIn(peerAddress),
            observer: { finished: (_, { code }) => void codes.push(code) },
            callTimeoutMs: 1000,
          },
        )(surfaceOf(state), (error) => resolve(error?.code));
      });
      expect(await answered).to.equal(status.DEADLINE_EXCEEDED);
      expect(codes).to.deep.equal(['cancelled']);
    });
  }

  it('is not run for a caller whose giving up is read right behind its call, once the process goes on after a stall', async () => {
    await open(() => Promise.resolve(keys));
    const state = { cancelled: false, deadline: Number.POSITIVE_INFINITY };
    const surface = surfaceOf(state);
    const answered = new Promise<number | undefined>((resolve) => {
      serveUnary(
        {
          rpc: 'ListVerificationKeys',
          method: Token.listVerificationKeys,
          handler: () => expect.fail('it ran'),
          credentialOf: () => ({ kind: 'none' }),
          maxRequestBytes: 10,
        },
        {
          takeIn: makeTakeIn(peerAddress),
          observer: { finished: () => undefined },
          callTimeoutMs: 1000,
          loop: { isCatchingUp: true },
        },
      )(surface, (error) => resolve(error?.code));
    });
    setImmediate(() => Object.assign(surface, { cancelled: true }));
    expect(await answered).to.equal(status.DEADLINE_EXCEEDED);
  });

  it('takes the name that the caller gave its call, and tells it back', async () => {
    await open(() => Promise.resolve(keys));
    const { status, trailer } = await call(metadataOf({ 'x-request-id': 'order-17.b_c' }));
    expect(status).to.equal('OK');
    expect(trailer.get('x-request-id')).to.deep.equal(['order-17.b_c']);
    expect(door.finished[0]?.call).to.deep.include({ requestId: 'order-17.b_c', door: 'grpc' });
    expect(door.finished[0]?.call.sourceAddress).to.equal('127.0.0.1');
  });

  it('makes a name of its own where that is not fit to be one', async () => {
    await open(() => Promise.resolve(keys));
    for (const bad of ['', 'a b', 'x'.repeat(65), '{"a":1}']) await call(metadataOf({ 'x-request-id': bad }));
    const names = door.finished.map(({ call: { requestId } }) => requestId);
    expect(new Set(names).size).to.equal(4);
    for (const name of names) expect(name).to.match(/^[A-Za-z0-9._-]{1,64}$/);
  });

  it('hears where the call came from as the wiring decides', async () => {
    await open(() => Promise.resolve(keys), {
      sourceAddress: (peer, forwardedFor) => `${peer} for ${forwardedFor}`,
    });
    await call(metadataOf({ 'x-forwarded-for': '192.0.2.1' }));
    expect(door.finished[0]?.call.sourceAddress).to.equal('127.0.0.1 for 192.0.2.1');
  });
});

/** A call as grpc-js hands it over, in a state that cannot be reached from outside without a race. */
const surfaceOf = (state: { cancelled: boolean; deadline: number }): ServerUnaryCall<Buffer, Buffer> =>
  ({
    metadata: new Metadata(),
    request: Buffer.alloc(0),
    cancelled: state.cancelled,
    getDeadline: () => state.deadline,
    getPeer: () => '127.0.0.1:1',
  }) as ServerUnaryCall<Buffer, Buffer>;
