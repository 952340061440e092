import { connect, type Socket } from 'node:net';

/** HTTP/2 as bytes (RFC 9113): for what no client of good manners would send. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PADDED = 8;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const FRAME_HEAD_BYTES = 9;

/** A frame (section 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = EMPTY): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const EMPTY: Buffer = Buffer.alloc(0);

/** What a client says first: the preface and its settings, none. */
export const GREETING = Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0)]);

/** A number of 32 bits, as the payload of RST_STREAM and WINDOW_UPDATE. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Fields as literals that nobody indexes, without Huffman (RFC 7541 section 6.2.2). */
export const fieldBlock = (fields: readonly (readonly [name: string, value: string])[]): Buffer =>
  Buffer.concat([
    ...fields.flatMap(([name, value]) => [Buffer.from([0]), ...literal(name), ...literal(value)]),
  ]);

/** A length in seven bits, or in further bytes of seven (section 5.1), and as many characters. */
function literal(text: string): readonly Buffer[] {
  const length = [Math.min(text.length, 127)];
  if (text.length >= 127) {
    let rest = text.length - 127;
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return [Buffer.from(length), Buffer.from(text, 'latin1')];
}

/** The fields of a gRPC call. */
export const callFields = (path: string): readonly (readonly [string, string])[] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'localhost'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

/** A gRPC message with its prefix of five bytes. */
export function message(bytes: Uint8Array = EMPTY, isCompressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** A connection of HTTP/2 that says what it is told to and keeps count of what it hears. */
export interface RawConnection {
  readonly socket: Socket;
  /** Is told of every frame that comes. */
  onFrame: (type: number, flags: number, stream: number, payload: Buffer) => void;
  /** How many frames of a type came. */
  heard(type: number): number;
  /** With what code the server said GOAWAY. */
  goAwayCode(): number | undefined;
  /** Whether it is at an end, whoever ended it. */
  isClosed(): boolean;
  /** Writes, and waits until there is room for more; false once the connection is closed. */
  say(bytes: Uint8Array): Promise<boolean>;
  /** Whether the server answers a PING within this time; it does not once it said GOAWAY. */
  isAnswered(withinMs: number): Promise<boolean>;
}

/** Connects and greets. */
export async function openRaw(port: number, localAddress = '127.0.0.1'): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  const heard = new Map<number, number>();
  let goAwayCode: number | undefined;
  let closed = false;
  let rest: Buffer = EMPTY;
  let settle: (isAnswered: boolean) => void = () => undefined;
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
    settle(false);
  });
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let at = 0;
    while (rest.length - at >= FRAME_HEAD_BYTES) {
      const length = rest.readUIntBE(at, 3);
      const end = at + FRAME_HEAD_BYTES + length;
      if (end > rest.length) break;
      const type = rest[at + 3] ?? 0;
      heard.set(type, (heard.get(type) ?? 0) + 1);
      connection.onFrame(
        type,
        rest[at + 4] ?? 0,
        rest.readUInt32BE(at + 5) & 0x7fff_ffff,
        rest.subarray(at + FRAME_HEAD_BYTES, end),
      );
      if (type === FRAME.goAway) {
        goAwayCode ??= rest.readUInt32BE(at + FRAME_HEAD_BYTES + 4);
        settle(false);
      }
      if (type === FRAME.ping && (rest[at + 4] ?? 0) === 1) settle(true);
      at = end;
    }
    rest = rest.subarray(at);
  });
  const say = (bytes: Uint8Array): Promise<boolean> => {
    if (closed || socket.destroyed) return Promise.resolve(false);
    if (socket.write(bytes)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        resolve(!closed);
      };
      socket.on('drain', done).on('close', done);
    });
  };
  const connection: RawConnection = {
    socket,
    onFrame: () => undefined,
    heard: (type) => heard.get(type) ?? 0,
    goAwayCode: () => goAwayCode,
    isClosed: () => closed,
    say,
    isAnswered: async (withinMs) => {
      if (closed || goAwayCode !== undefined) return false;
      const answered = new Promise<boolean>((resolve) => {
        settle = resolve;
        setTimeout(resolve, withinMs, false);
      });
      void say(frame(FRAME.ping, 0, 0, Buffer.from('are you?')));
      return answered;
    },
  };
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', resolve);
  });
  await say(GREETING);
  return connection;
}
