import { connect, type Socket } from 'node:net';
import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import type { UseCases } from '../../../src/domain/use-cases.js';
import {
  AuditServiceService as Audit,
  type WatchAuditEventsResponse,
} from '../../../src/wire/gen/countersign/v1/audit_service.js';
import { TokenServiceService as Token } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { eventually } from '../../support/eventually.js';
import {
  callFields,
  END_HEADERS,
  END_STREAM,
  FRAME,
  fieldBlock,
  frame,
  GREETING,
  message,
  openRaw,
  uint32,
} from '../../support/h2-frames.js';
import { ask, basic, type Door, type DoorOptions, openDoor } from './door.js';

describe('the gRPC server', () => {
  let door: Door;
  const open = async (options: DoorOptions = {}): Promise<void> => {
    door = await openDoor(options);
  };
  afterEach(() => door.close());

  const keys = { keys: [], refreshAfterSeconds: 7 };
  /** A use-case that waits until it is told to go on. */
  const held = () => {
    let release: () => void = () => undefined;
    let entered = 0;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const listVerificationKeys: UseCases['listVerificationKeys'] = async () => {
      entered += 1;
      await gate;
      return keys;
    };
    return { instead: { listVerificationKeys }, release, entered: () => entered };
  };
  const watchAudit = (): {
    stream: ClientReadableStream<WatchAuditEventsResponse>;
    error(): ServiceError | undefined;
  } => {
    const { path, requestSerialize, responseDeserialize } = Audit.watchAuditEvents;
    const stream = door.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { afterEventId: '' },
      basic(door.service.admin),
    );
    let error: ServiceError | undefined;
    stream.on('data', () => undefined);
    stream.on('error', (reason: ServiceError) => {
      error = reason;
    });
    return { stream, error: () => error };
  };

  describe('that stops', () => {
    it('finishes the calls that it has, and takes no more', async () => {
      const { instead, release, entered } = held();
      await open({ instead });
      const under = ask(door.client, Token.listVerificationKeys, {});
      await eventually(() => expect(entered()).to.equal(1));
      const stopped = door.server.stop(60_000);
      const late = ask(door.client, Token.listVerificationKeys, {});
      release();
      expect((await under).status).to.equal('OK');
      await stopped;
      expect((await late).status).to.equal('UNAVAILABLE');
      expect(entered()).to.equal(1);
    });

    it('tells open streams to resume elsewhere, and does not wait for them', async () => {
      await open();
      const watched = watchAudit();
      await ask(door.client, Token.listVerificationKeys, {});
      await door.server.stop(60_000);
      await eventually(() => expect(watched.error()?.code).to.equal(status.UNAVAILABLE));
      expect(watched.error()?.details).to.include('resume');
      expect(watched.error()?.metadata.get('countersign-error')).to.deep.equal(['temporarily_unavailable']);
      const ended = door.finished.filter(({ outcome }) => outcome.rpc === 'WatchAuditEvents');
      expect(ended.map(({ outcome }) => outcome.code)).to.deep.equal(['temporarily_unavailable']);
    });

    it('cuts off at the deadline what does not end', async () => {
      const { instead, release, entered } = held();
      await open({ instead, limits: { callTimeoutMs: 60_000 } });
      const stuck = ask(door.client, Token.listVerificationKeys, {});
      await eventually(() => expect(entered()).to.equal(1));
      await door.server.stop(20);
      expect((await stuck).status).to.be.oneOf(['UNAVAILABLE', 'CANCELLED']);
      release();
    });

    it('is not held up by a connection that never said a word', async () => {
      await open();
      const socket = await silentConnection(door.server.port);
      await door.server.stop(60_000);
      await closed(socket);
    });
  });

  describe('against those who keep it busy', () => {
    it('closes a connection without a call, silent or not', async () => {
      await open({ limits: { connectionIdleMs: 50 } });
      await closed(await silentConnection(door.server.port));
    });

    it('closes a connection that began a call and never goes on with it', async () => {
      await open({ limits: { connectionAgeMs: 60, connectionAgeGraceMs: 20 } });
      const socket = await silentConnection(door.server.port);
      socket.write(Buffer.concat([GREETING, POST_HEADERS]));
      socket.on('data', () => undefined);
      await closed(socket);
    });

    it('holds no more connections than it may', async () => {
      await open({ limits: { maxConnections: 3 } });
      const sockets = await Promise.all(Array.from({ length: 8 }, () => silentConnection(door.server.port)));
      await eventually(() => expect(sockets.filter(({ closed }) => closed)).to.have.length(5));
      for (const socket of sockets) socket.destroy();
      await eventually(async () =>
        expect((await ask(door.client, Token.listVerificationKeys, {})).status).to.equal('OK'),
      );
    });

    it('takes back the descriptor of a connection that broke the protocol and then left', async () => {
      await open({ limits: { maxConnections: 1, keepaliveMs: 30, keepaliveTimeoutMs: 30 } });
      const connection = await openRaw(door.server.port);
      // Content of a stream that never began: Node says GOAWAY, and reads no further, not even the end.
      await connection.say(frame(FRAME.data, END_STREAM, 1, message()));
      await eventually(() => expect(connection.goAwayCode()).to.equal(1));
      connection.socket.destroy();
      await eventually(async () =>
        expect((await ask(door.client, Token.listVerificationKeys, {})).status).to.equal('OK'),
      );
    });

    it('ends a connection that begins calls only to reset them, and runs few of them', async () => {
      const { instead, release, entered } = held();
      await open({ instead, limits: { maxConcurrentStreams: 5 } });
      const connection = await openRaw(door.server.port);
      const calls = Array.from({ length: 200 }, (_, index) => {
        const stream = 1 + 2 * index;
        return Buffer.concat([
          frame(FRAME.headers, END_HEADERS, stream, fieldBlock(callFields(PATH))),
          frame(FRAME.data, END_STREAM, stream, message()),
          frame(FRAME.rstStream, 0, stream, uint32(8)),
        ]);
      });
      await connection.say(Buffer.concat(calls));
      await eventually(() => expect(connection.isClosed()).to.equal(true));
      expect(connection.goAwayCode()).to.equal(11);
      expect(entered()).to.be.at.most(2 * 5 + 1);
      release();
      expect((await ask(door.client, Token.listVerificationKeys, {})).status).to.equal('OK');
    });

    it('does not mind callers who give up every call that they may have', async () => {
      const { instead, release, entered } = held();
      await open({ instead, limits: { maxConcurrentStreams: 5 } });
      const connection = await openRaw(door.server.port);
      for (let index = 0; index < 10; index += 1) {
        const stream = 1 + 2 * index;
        await connection.say(frame(FRAME.headers, END_HEADERS, stream, fieldBlock(callFields(PATH))));
        await connection.say(frame(FRAME.data, END_STREAM, stream, message()));
        await eventually(() => expect(entered()).to.equal(index + 1));
        await connection.say(frame(FRAME.rstStream, 0, stream, uint32(8)));
      }
      release();
      expect(await connection.isAnswered(5000)).to.equal(true);
      connection.socket.destroy();
    });

    it('lets one connection make only so many calls at once', async () => {
      const { instead, release, entered } = held();
      await open({ instead, limits: { maxConcurrentStreams: 5 } });
      // The first answer brings the server's settings, before which a caller may not know its limits.
      await ask(door.client, Token.introspectToken, { token: 'x' }, basic(door.service.admin));
      const calls = Array.from({ length: 9 }, () => ask(door.client, Token.listVerificationKeys, {}));
      await eventually(() => expect(entered()).to.equal(5));
      release();
      for (const answer of await Promise.all(calls)) expect(answer.status).to.equal('OK');
    });
  });

  it('refuses to start where it cannot listen', async () => {
    await open();
    const { startGrpcServer } = await import('../../../src/wire/grpc/server.js');
    const refused = await startGrpcServer({
      useCases: door.service.useCases,
      listen: { host: '127.0.0.1', port: door.server.port },
      observer: { finished: () => undefined },
      reflection: false,
      watchRevocations: () => Promise.resolve(),
      holdAdmission: () => expect.fail('nobody asks'),
    }).catch((error: Error) => error.message);
    expect(refused).to.be.a('string').that.includes('EADDRINUSE');
  });
});

function silentConnection(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
    socket.on('error', () => undefined);
    socket.resume();
  });
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });

const PATH = '/countersign.v1.TokenService/ListVerificationKeys';
/** A call whose message never comes. */
const POST_HEADERS = frame(FRAME.headers, END_HEADERS, 1, fieldBlock(callFields(PATH)));
