import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { expect } from 'chai';
import type { UseCases } from '../../../src/domain/use-cases.js';
import { TokenServiceService as Token } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { eventually } from '../../support/eventually.js';
import { ask, basic, type Door, openDoor } from './door.js';

describe('a gRPC server with more calls than it can take', () => {
  let door: Door;
  let release: () => void;
  let entered: number;
  const sessions: ClientHttp2Session[] = [];

  const open = async (crowd: { maxCalls: number; maxWaiting: number }): Promise<void> => {
    entered = 0;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const listVerificationKeys: UseCases['listVerificationKeys'] = async () => {
      entered += 1;
      await gate;
      return { keys: [], refreshAfterSeconds: 7 };
    };
    door = await openDoor({
      instead: { listVerificationKeys },
      limits: { crowd: { reserve: 1, maxWaitMs: 60_000, ...crowd }, callTimeoutMs: 60_000 },
    });
  };
  afterEach(async () => {
    release();
    for (const session of sessions.splice(0)) session.destroy();
    await door.close();
  });

  const call = () => ask(door.client, Token.listVerificationKeys, {});

  /** Calls without a client's own patience. */
  const flood = (session: ClientHttp2Session, calls: number): void => {
    for (let i = 0; i < calls; i += 1) {
      const stream = session.request({
        ':method': 'POST',
        ':path': Token.listVerificationKeys.path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => undefined).resume();
      stream.end(Buffer.alloc(5));
    }
  };
  const openSession = async (): Promise<ClientHttp2Session> => {
    const session = connect(`http://${door.address}`);
    session.on('error', () => undefined);
    sessions.push(session);
    await once(session, 'remoteSettings');
    return session;
  };

  it('refuses the next one before it looks at it, and says when to come again', async () => {
    await open({ maxCalls: 1, maxWaiting: 1 });
    const answers = [call(), call()];
    await eventually(() => expect(entered).to.equal(1));
    // Both are here once a third is refused.
    await eventually(async () => expect((await call()).error).to.equal('slow_down'));
    const refused = await call();
    expect([refused.status, refused.details]).to.deep.equal([
      'RESOURCE_EXHAUSTED',
      'Too many calls are under way. Try again.',
    ]);
    expect(refused.trailer.get('retry-after')).to.deep.equal(['1']);
    expect(refused.trailer.get('grpc-retry-pushback-ms')).to.deep.equal(['1000']);
    expect(door.turnedAway.at(-1)).to.deep.equal({ rpc: 'ListVerificationKeys', door: 'grpc' });
    expect(door.finished).to.deep.equal([]);
    release();
    for (const { status } of await Promise.all(answers)) expect(status).to.equal('OK');
  });

  it('takes a revocation all the same', async () => {
    await open({ maxCalls: 1, maxWaiting: 1 });
    void call();
    void call();
    await eventually(async () => expect((await call()).error).to.equal('slow_down'));
    const { status } = await ask(
      door.client,
      Token.revokeToken,
      { token: 'v4.public.none' },
      basic(door.service.admin),
    );
    expect(status).to.equal('OK');
  });

  it('lets a connection have fewer calls at once, and as many as before when it is over', async () => {
    await open({ maxCalls: 2, maxWaiting: 1000 });
    const session = await openSession();
    expect(session.remoteSettings.maxConcurrentStreams).to.equal(100);
    flood(session, 50);
    const toldWithTheNextCall = (check: (limit: number | undefined) => void): Promise<void> =>
      eventually(async () => {
        flood(session, 1);
        await new Promise((resolve) => setImmediate(resolve));
        check(session.remoteSettings.maxConcurrentStreams);
      });
    await toldWithTheNextCall((limit) => expect(limit).to.be.below(50));
    release();
    await toldWithTheNextCall((limit) => expect(limit).to.equal(100));
  });
});
