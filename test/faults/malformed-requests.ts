import { connect } from 'node:http2';
import { deflateSync, gzipSync } from 'node:zlib';
import {
  callFields,
  END_HEADERS,
  END_STREAM,
  FRAME,
  fieldBlock,
  frame,
  message,
  openRaw,
  PADDED,
  uint32,
} from '../support/h2-frames.js';

/**
 * Requests that are no requests, as far as they have brought down grpc servers before (CVE-2024-37168: memory taken
 * before the limit is looked at; CVE-2026-48068: a malformed beginning of a stream; CVE-2026-48069: a compressed message
 * that is not one), and their relatives.
 */
export interface MalformedRequest {
  readonly name: string;
  /** Sends it; answers what came back, in a word, and `silence` when nothing did. */
  send(port: number): Promise<string>;
}

const INTROSPECT = '/countersign.v1.TokenService/IntrospectToken';
const KEYS = '/countersign.v1.TokenService/ListVerificationKeys';
const PATIENCE_MS = 3000;

/** Not so long as to be refused where it comes in, and longer than may be once it is unpacked. */
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const GZIPPED = gzipSync(Buffer.alloc(100));

const flagged = (flag: number, bytes: Buffer = Buffer.alloc(0)): Buffer => {
  const whole = message(bytes);
  whole.writeUInt8(flag);
  return whole;
};
const announced = (length: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0]), uint32(length), bytes]);

/** What node's own client can send, whose answers can be read. */
const spoken = (
  name: string,
  body: Buffer,
  headers: Record<string, string | string[]> = {},
  path = INTROSPECT,
): MalformedRequest => ({
  name,
  send: (port) =>
    new Promise((resolve) => {
      const session = connect(`http://127.0.0.1:${port}`);
      const finish = (word: string): void => {
        clearTimeout(patience);
        session.destroy();
        resolve(word);
      };
      const patience = setTimeout(finish, PATIENCE_MS, 'silence');
      session.on('error', () => finish('connection ended'));
      try {
        const stream = session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/grpc',
          te: 'trailers',
          ...headers,
        });
        let said = '';
        stream.on('response', (fields) => {
          said = String(fields['grpc-status'] ?? fields[':status']);
        });
        stream.on('trailers', (fields) => {
          said = String(fields['grpc-status'] ?? said);
        });
        stream.on('error', () => finish('stream reset'));
        stream.on('close', () => finish(said === '' ? 'closed' : said));
        stream.resume();
        stream.end(body);
      } catch (error) {
        finish(`not sent: ${(error as Error).message}`);
      }
    }),
});

/** What only bytes can say. */
const raw = (name: string, ...bytes: readonly Buffer[]): MalformedRequest => ({
  name,
  send: async (port) => {
    const connection = await openRaw(port);
    await connection.say(Buffer.concat(bytes));
    const isAnswered = await connection.isAnswered(PATIENCE_MS);
    const code = connection.goAwayCode();
    const words = [
      connection.heard(FRAME.headers) > 0 ? 'answered' : '',
      connection.heard(FRAME.rstStream) > 0 ? 'stream reset' : '',
      code !== undefined || connection.isClosed() ? 'connection ended' : '',
    ].filter((word) => word !== '');
    connection.socket.destroy();
    if (words.length > 0) return words.join(', ');
    return isAnswered ? 'ignored' : 'silence';
  },
});

type Fields = readonly (readonly [string, string])[];
const begun = (fields: Fields, flags = END_HEADERS | END_STREAM): Buffer =>
  frame(FRAME.headers, flags, 1, fieldBlock(fields));
const without = (name: string): Fields => callFields(KEYS).filter(([field]) => field !== name);
const withField = (name: string, value: string): Fields => [...without(name), [name, value]];
const HELD_OPEN = begun(callFields(KEYS), END_HEADERS);

export const MALFORMED_REQUESTS: readonly MalformedRequest[] = [
  // Messages that are compressed, or say so.
  spoken('gzip: a bomb of 64 MB', message(BOMB, true), { 'grpc-encoding': 'gzip' }),
  spoken('gzip: no gzip at all', message(Buffer.alloc(50, 7), true), { 'grpc-encoding': 'gzip' }),
  spoken('gzip: nothing', message(Buffer.alloc(0), true), { 'grpc-encoding': 'gzip' }),
  spoken('gzip: cut off', message(GZIPPED.subarray(0, -9), true), { 'grpc-encoding': 'gzip' }),
  spoken('gzip: its head alone', message(GZIPPED.subarray(0, 10), true), { 'grpc-encoding': 'gzip' }),
  spoken('gzip: a wrong checksum', message(Buffer.concat([GZIPPED.subarray(0, -8), Buffer.alloc(8)]), true), {
    'grpc-encoding': 'gzip',
  }),
  spoken('gzip: rubbish behind it', message(Buffer.concat([GZIPPED, Buffer.alloc(9, 3)]), true), {
    'grpc-encoding': 'gzip',
  }),
  spoken('gzip: two in a row', message(Buffer.concat([GZIPPED, GZIPPED]), true), { 'grpc-encoding': 'gzip' }),
  spoken('gzip, and the stream is deflate', message(deflateSync(Buffer.alloc(9)), true), {
    'grpc-encoding': 'gzip',
  }),
  spoken('deflate: no deflate at all', message(Buffer.alloc(50, 7), true), { 'grpc-encoding': 'deflate' }),
  spoken('compressed, without an encoding', message(GZIPPED, true)),
  spoken('compressed, and the encoding is identity', message(GZIPPED, true), { 'grpc-encoding': 'identity' }),
  spoken('an encoding that nobody knows', message(GZIPPED, true), { 'grpc-encoding': 'snappy' }),
  spoken('an encoding of an object', message(GZIPPED, true), { 'grpc-encoding': '__proto__' }),
  spoken('two encodings', message(GZIPPED, true), { 'grpc-encoding': 'gzip,deflate' }),
  spoken(
    'two bad messages',
    Buffer.concat([message(Buffer.alloc(9), true), message(Buffer.alloc(9), true)]),
    {
      'grpc-encoding': 'gzip',
    },
  ),
  // Messages whose frame is wrong.
  spoken('a flag of 2', flagged(2)),
  spoken('a flag of 255', flagged(255, GZIPPED), { 'grpc-encoding': 'gzip' }),
  spoken('4 GB announced', announced(0xffff_ffff, Buffer.alloc(100))),
  spoken('less than announced', announced(50, Buffer.alloc(10))),
  spoken('more than announced', Buffer.concat([message(), Buffer.alloc(3)])),
  spoken('half a prefix', Buffer.alloc(3)),
  spoken('two messages', Buffer.concat([message(), message()])),
  spoken('a thousand messages', Buffer.concat(Array.from({ length: 1000 }, () => message()))),
  spoken('no message', Buffer.alloc(0)),
  spoken('protobuf that is none', message(Buffer.from('ffffffffffffffffffff01', 'hex'))),
  // Headers that say something odd.
  spoken('no type of content', message(), { 'content-type': '' }),
  spoken('another type of content', message(), { 'content-type': 'application/grpc; \u00ff' }),
  spoken('a deadline of letters', message(), { 'grpc-timeout': 'abc' }),
  spoken('a deadline beyond numbers', message(), { 'grpc-timeout': '99999999H' }),
  spoken('a deadline of nothing', message(), { 'grpc-timeout': '0n' }),
  spoken('binary metadata that is none', message(), { 'x-odd-bin': '%%%%' }),
  spoken('credentials that are not text', message(), { authorization: 'Basic \u00ff\u00fe' }),
  spoken('a path of an object', message(), {}, '/__proto__/constructor'),
  spoken('a path of nothing but a slash', message(), {}, '/'),
  spoken('a method of another case', message(), {}, INTROSPECT.toLowerCase()),
  spoken('another verb', Buffer.alloc(0), { ':method': 'PUT' }),
  // Streams that begin as none may.
  raw('no path', begun(without(':path'))),
  raw('no method', begun(without(':method'))),
  raw('no authority', begun(without(':authority'))),
  raw('no scheme', begun(without(':scheme'))),
  raw('no fields at all', begun([])),
  raw('an empty path', begun(withField(':path', ''))),
  raw('a path of another kind', begun(withField(':path', '*'))),
  raw('the path twice', begun([...callFields(KEYS), [':path', KEYS]])),
  raw(
    'CONNECT',
    begun([
      [':method', 'CONNECT'],
      [':authority', 'localhost:1'],
    ]),
  ),
  raw('a field in capitals', begun([...callFields(KEYS), ['X-Odd', 'x']])),
  raw('a field with a line break', begun([...callFields(KEYS), ['x-odd', 'a\r\nb']])),
  raw('a field without a name', begun([...callFields(KEYS), ['', 'x']])),
  raw('fields that are no HPACK', frame(FRAME.headers, END_HEADERS | END_STREAM, 1, Buffer.alloc(40, 0xff))),
  raw('a stream of an even number', frame(FRAME.headers, END_HEADERS, 2, fieldBlock(callFields(KEYS)))),
  raw('fields on stream 0', frame(FRAME.headers, END_HEADERS, 0, fieldBlock(callFields(KEYS)))),
  raw('padding longer than the frame', frame(FRAME.headers, END_HEADERS | PADDED, 1, Buffer.from([255, 1]))),
  raw('content of a stream that never began', frame(FRAME.data, END_STREAM, 1, message())),
  raw('content after the end', begun(callFields(KEYS)), frame(FRAME.data, END_STREAM, 1, message())),
  raw('fields after the end', begun(callFields(KEYS)), begun(callFields(KEYS))),
  raw('trailers with a path', HELD_OPEN, begun([[':path', KEYS]])),
  raw('a frame longer than may be', HELD_OPEN, frame(FRAME.data, 0, 1, Buffer.alloc(20_000))),
  raw('settings that cannot be', frame(FRAME.settings, 0, 0, Buffer.alloc(6, 0xff))),
  raw('half a setting', frame(FRAME.settings, 0, 0, Buffer.alloc(5))),
  raw('a window of nothing', frame(FRAME.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])), HELD_OPEN),
  raw('a window widened by nothing', frame(FRAME.windowUpdate, 0, 0, uint32(0))),
  raw('PING of a wrong length', frame(FRAME.ping, 0, 0, Buffer.alloc(3))),
  raw('GOAWAY of the client', frame(FRAME.goAway, 0, 0, Buffer.alloc(8)), HELD_OPEN),
  raw(
    'a promise of a client',
    frame(5, END_HEADERS, 1, Buffer.concat([uint32(2), fieldBlock(callFields(KEYS))])),
  ),
  raw('a frame of a type that there is not', frame(0xee, 0xff, 1, Buffer.alloc(100))),
  raw('a reset of what never was', frame(FRAME.rstStream, 0, 9, uint32(1))),
  raw('a stream that depends on itself', frame(FRAME.priority, 0, 1, Buffer.from([0, 0, 0, 1, 16]))),
  raw('HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
];
