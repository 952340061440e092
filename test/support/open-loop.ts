import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Calls that come when they come, whether or not those before have been answered. */
export interface OpenLoop {
  readonly port: number;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly message: Uint8Array;
  readonly authorization?: string;
  readonly connections: number;
  /** Calls a second, all connections together. */
  readonly rate: number;
  readonly seconds: number;
  /** What a caller waits before it gives up. */
  readonly deadlineMs: number;
}

/** What became of the calls; times count from when each was due, so that one held back by its client counts too. */
export interface OpenLoopResult {
  readonly offered: number;
  /** In ms, of calls that were answered with a message in time. */
  readonly answered: readonly number[];
  /** In ms, of calls that were answered with a status alone. */
  readonly refused: readonly number[];
  /** Given up without an answer. */
  readonly late: number;
  /** Given up before the server allowed them to be sent. */
  readonly heldBack: number;
  /** Streams the server reset; those it had not looked at are sent again, as gRPC does. */
  readonly reset: number;
  readonly lost: number;
  /** Of one processor, while it ran. */
  readonly cpuShare: number;
}

interface Counts {
  answered: number[];
  refused: number[];
  late: number;
  heldBack: number;
  reset: number;
  lost: number;
}

const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;
const CANCEL = 8;
const REFUSED_STREAM = 7;
const TICK_MS = 1;

/**
 * Offers calls at a fixed rate over HTTP/2, which no gRPC client in Node could do beside the server: the frames of a
 * call are written once and copied, and of an answer no more is read than whether a message came. Keeps to the
 * server's limit on streams and to its window, as gRPC clients do, and gives up calls at their deadline.
 */
export async function openLoop(options: OpenLoop): Promise<OpenLoopResult> {
  const counts: Counts = { answered: [], refused: [], late: 0, heldBack: 0, reset: 0, lost: 0 };
  const call = framesOf(options);
  const lines = await Promise.all(
    Array.from({ length: options.connections }, () =>
      Line.open(options.port, call, options.deadlineMs, counts),
    ),
  );
  const cpu = process.cpuUsage();
  const began = performance.now();
  let offered = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      const elapsed = now - began;
      const due = Math.floor((Math.min(elapsed, options.seconds * 1000) / 1000) * options.rate);
      for (; offered < due; offered += 1) {
        lines[offered % lines.length]?.add(began + (offered / options.rate) * 1000);
      }
      for (const line of lines) line.pass(now);
      if (elapsed > options.seconds * 1000 && !lines.some((line) => line.isBusy)) {
        clearInterval(timer);
        resolve();
      }
    }, TICK_MS);
  });
  const { user, system } = process.cpuUsage(cpu);
  const cpuShare = (user + system) / 1000 / (performance.now() - began);
  for (const line of lines) line.close();
  return { offered, ...counts, cpuShare };
}

/** A call on its way: when it was due, and whether a message came. */
interface Sent {
  readonly dueMs: number;
  message: boolean;
}

/** One connection. */
class Line {
  readonly #port: number;
  #socket: Socket;
  readonly #call: CallFrames;
  readonly #deadlineMs: number;
  readonly #counts: Counts;
  readonly #sent = new Map<number, Sent>();
  #waiting: number[] = [];
  #first = 0;
  #out: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #nextId = 1;
  #maxStreams = Number.POSITIVE_INFINITY;
  #window = 65_535;
  #isClosed = false;

  private constructor(port: number, call: CallFrames, deadlineMs: number, counts: Counts) {
    this.#port = port;
    this.#call = call;
    this.#deadlineMs = deadlineMs;
    this.#counts = counts;
    this.#socket = this.#connect();
  }

  static async open(port: number, call: CallFrames, deadlineMs: number, counts: Counts): Promise<Line> {
    const line = new Line(port, call, deadlineMs, counts);
    await once(line.#socket, 'data');
    return line;
  }

  get isBusy(): boolean {
    return this.#sent.size > 0 || this.#first < this.#waiting.length;
  }

  add(dueMs: number): void {
    this.#waiting.push(dueMs);
  }

  /** Gives up what is past its deadline, and sends what may be sent. */
  pass(nowMs: number): void {
    const oldest = nowMs - this.#deadlineMs;
    for (const [id, { dueMs }] of this.#sent) {
      if (dueMs > oldest) break;
      this.#sent.delete(id);
      this.#counts.late += 1;
      this.#out.push(frame(FRAME.rstStream, 0, id, uint32(CANCEL)));
    }
    const { headers, data, bodyLength } = this.#call;
    while (this.#first < this.#waiting.length) {
      const dueMs = this.#waiting[this.#first] ?? 0;
      if (dueMs <= oldest) this.#counts.heldBack += 1;
      else {
        if (this.#sent.size >= this.#maxStreams || this.#window < bodyLength) break;
        this.#window -= bodyLength;
        const bytes = Buffer.concat([headers, data]);
        bytes.writeUInt32BE(this.#nextId, 5);
        bytes.writeUInt32BE(this.#nextId, headers.length + 5);
        this.#out.push(bytes);
        this.#sent.set(this.#nextId, { dueMs, message: false });
        this.#nextId += 2;
      }
      this.#first += 1;
    }
    if (this.#first > 1000) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    if (this.#out.length > 0) this.#socket.write(Buffer.concat(this.#out));
    this.#out = [];
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('close', () => this.#end());
    socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, Buffer.alloc(0)), WIDE_WINDOW]));
    return socket;
  }

  #read(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (all.length - at >= 9) {
      const length = all.readUIntBE(at, 3);
      if (all.length - at < 9 + length) break;
      const id = all.readUInt32BE(at + 5) & 0x7fffffff;
      this.#take(all[at + 3] ?? 0, all[at + 4] ?? 0, id, all.subarray(at + 9, at + 9 + length));
      at += 9 + length;
    }
    this.#rest = all.subarray(at);
  }

  #take(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === FRAME.settings && (flags & ACK) === 0) this.#settle(payload);
    else if (type === FRAME.ping && (flags & ACK) === 0) this.#out.push(frame(FRAME.ping, ACK, 0, payload));
    else if (type === FRAME.windowUpdate && id === 0) this.#window += payload.readUInt32BE(0);
    else if (type === FRAME.goaway) this.#socket.destroy();
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    if (type === FRAME.data) sent.message = true;
    if (type === FRAME.rstStream) {
      this.#sent.delete(id);
      this.#counts.reset += 1;
      if (payload.readUInt32BE(0) === REFUSED_STREAM) this.#waiting.splice(this.#first, 0, sent.dueMs);
      else this.#counts.lost += 1;
    } else if ((type === FRAME.headers || type === FRAME.data) && (flags & END_STREAM) !== 0) {
      this.#sent.delete(id);
      (sent.message ? this.#counts.answered : this.#counts.refused).push(performance.now() - sent.dueMs);
    }
  }

  #settle(payload: Buffer): void {
    const MAX_CONCURRENT_STREAMS = 3;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) === MAX_CONCURRENT_STREAMS)
        this.#maxStreams = payload.readUInt32BE(at + 2);
    }
    this.#out.push(frame(FRAME.settings, ACK, 0, Buffer.alloc(0)));
  }

  /** The connection is gone, and the calls on it; another one takes its place. */
  #end(): void {
    if (this.#isClosed) return;
    this.#counts.lost += this.#sent.size;
    this.#sent.clear();
    this.#out = [];
    this.#rest = Buffer.alloc(0);
    this.#nextId = 1;
    this.#window = 65_535;
    this.#maxStreams = Number.POSITIVE_INFINITY;
    this.#socket = this.#connect();
  }
}

interface CallFrames {
  readonly headers: Buffer;
  readonly data: Buffer;
  readonly bodyLength: number;
}

function framesOf({ path, message, authorization, deadlineMs }: OpenLoop): CallFrames {
  const POST = 0x83;
  const HTTP = 0x86;
  const block = Buffer.concat([
    Buffer.from([POST, HTTP]),
    field(':path', path),
    field(':authority', '127.0.0.1'),
    field('content-type', 'application/grpc'),
    field('te', 'trailers'),
    field('grpc-timeout', `${deadlineMs}m`),
    ...(authorization === undefined ? [] : [field('authorization', authorization)]),
  ]);
  const body = Buffer.concat([Buffer.from([0]), uint32(message.length), message]);
  return {
    headers: frame(FRAME.headers, END_HEADERS, 0, block),
    data: frame(FRAME.data, END_STREAM, 0, body),
    bodyLength: body.length,
  };
}

/** A header as it is, without a table and without Huffman's code (RFC 7541 section 6.2.2). */
const field = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0]), text(name), text(value)]);

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const rest = bytes.length - 127;
  const length = rest < 128 ? [127, rest] : [127, (rest & 127) | 128, rest >> 7];
  return Buffer.concat([Buffer.from(length), bytes]);
}

function frame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** As many bytes of answers as a run can bring. */
const WIDE_WINDOW = frame(FRAME.windowUpdate, 0, 0, uint32(0x7fffffff - 65_535));
