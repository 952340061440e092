import { type ClientHttp2Session, connect } from 'node:http2';
import { WatchRevocationsRequest } from '../../src/wire/gen/countersign/v1/token_service.js';

/** A message of the feed, as far as a benchmark looks into it. */
interface Seen {
  readonly kind: 'snapshot' | 'change' | 'heartbeat';
  readonly sequence: number;
}

const KINDS = new Map([
  [0x12, 'snapshot'],
  [0x1a, 'change'],
  [0x22, 'heartbeat'],
] as const) as ReadonlyMap<number, Seen['kind']>;

/**
 * Watches the feed on a connection of its own, as a verifier does, but straight on HTTP/2 and without decoding: a
 * thousand of them must not be what is measured.
 */
export class BenchWatcher {
  readonly #session: ClientHttp2Session;
  readonly #onSeen: (seen: Seen) => void;
  #rest: Buffer = Buffer.alloc(0);
  #fresh: () => void = () => undefined;
  /** Settles at the first heartbeat: from then on it has the whole ledger. */
  readonly fresh = new Promise<void>((resolve) => {
    this.#fresh = resolve;
  });

  constructor(port: number, authorization: string, onSeen: (seen: Seen) => void) {
    this.#onSeen = onSeen;
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on('error', fail);
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': '/countersign.v1.TokenService/WatchRevocations',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization,
    });
    stream.on('error', fail);
    stream.on('trailers', (trailers) =>
      fail(new Error(`the stream ended: ${String(trailers['grpc-message'])}`)),
    );
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    const body = WatchRevocationsRequest.encode({ cursor: '' }).finish();
    const frame = Buffer.alloc(5 + body.length);
    frame.writeUInt32BE(body.length, 1);
    frame.set(body, 5);
    stream.end(frame);
  }

  /** On its connection so far, as TCP carries it. */
  get bytesRead(): number {
    return this.#session.socket?.bytesRead ?? 0;
  }

  close(): void {
    this.#session.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      const seen = seenIn(bytes.subarray(5, end));
      bytes = bytes.subarray(end);
      if (seen.kind === 'heartbeat') this.#fresh();
      this.#onSeen(seen);
    }
    this.#rest = bytes;
  }
}

/** The cursor is the first field, the event the second. */
function seenIn(message: Buffer): Seen {
  const cursorEnd = 2 + (message[1] ?? 0);
  const cursor = message.toString('latin1', 2, cursorEnd);
  const kind = KINDS.get(message[cursorEnd] ?? 0);
  if (kind === undefined) throw new Error('a message that this does not know');
  return { kind, sequence: Number(cursor.slice(cursor.indexOf(':') + 1)) };
}

function fail(error: unknown): never {
  throw error;
}
