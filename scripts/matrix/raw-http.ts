import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  /** By lower-case name, every value in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** Where bytes go: a URL's host and port, TLS by its scheme. */
export interface RawOptions {
  readonly timeoutMs?: number;
  /** Checks no certificate: for targets that have one of their own making. */
  readonly insecure?: boolean;
}

/** The first value of a header, or undefined. */
export const headerOf = (answer: Answer, name: string): string | undefined => answer.headers.get(name)?.[0];

/** The body as JSON; undefined where it is none. */
export function jsonOf(answer: Answer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(answer.body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Sends bytes as they are over a connection of their own and answers every response that came before the other end
 * closed it, or before as many as were asked for. No HTTP library stands between: what it would tidy up is the test.
 */
export function exchangeRaw(
  origin: URL,
  bytes: string | Buffer,
  { count = 1, methods = ['POST'], ...options }: RawOptions & { count?: number; methods?: string[] } = {},
): Promise<readonly Answer[]> {
  return new Promise((resolve, reject) => {
    const socket = open(origin, options.insecure ?? false);
    const chunks: Buffer[] = [];
    const done = (answers: readonly Answer[]): void => {
      socket.destroy();
      resolve(answers);
    };
    const read = (ended: boolean): readonly Answer[] => readAnswers(Buffer.concat(chunks), ended, methods);
    socket.setTimeout(options.timeoutMs ?? 5000, () => {
      socket.destroy();
      reject(new Error('no answer in time'));
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const answers = read(false);
      if (answers.length >= count) done(answers);
    });
    socket.on('error', (error) => (chunks.length > 0 ? done(read(true)) : reject(error)));
    socket.on('close', () => done(read(true)));
    socket.write(bytes);
  });
}

function open(origin: URL, insecure: boolean): Socket {
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const secure = origin.protocol === 'https:';
  const port = Number(origin.port || (secure ? 443 : 80));
  return secure
    ? connectTls({ host, port, servername: host, rejectUnauthorized: !insecure })
    : connect(port, host);
}

/** Every whole answer in the bytes; `methods` are those of the requests, since one to HEAD has no body. */
function readAnswers(bytes: Buffer, ended: boolean, methods: readonly string[]): Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const method = methods[answers.length] ?? methods[0] ?? 'POST';
    const one = readAnswer(rest, ended, method);
    if (one === undefined) break;
    rest = one.rest;
    if (one.answer.status !== 100) answers.push(one.answer);
  }
  return answers;
}

function readAnswer(
  bytes: Buffer,
  ended: boolean,
  method: string,
): { answer: Answer; rest: Buffer } | undefined {
  const split = bytes.indexOf('\r\n\r\n');
  if (split === -1) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, split).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0);
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const body = readBody(
    bytes.subarray(split + 4),
    headers,
    ended,
    method === 'HEAD' || status === 304 || status < 200,
  );
  if (body === undefined) return undefined;
  return { answer: { status, headers, body: body.content.toString('utf8') }, rest: body.rest };
}

function readBody(
  bytes: Buffer,
  headers: ReadonlyMap<string, readonly string[]>,
  ended: boolean,
  bodiless: boolean,
): { content: Buffer; rest: Buffer } | undefined {
  if (bodiless) return { content: Buffer.alloc(0), rest: bytes };
  const length = headers.get('content-length')?.[0];
  if (length !== undefined) {
    const size = Number(length);
    return bytes.length >= size
      ? { content: bytes.subarray(0, size), rest: bytes.subarray(size) }
      : undefined;
  }
  if (headers.get('transfer-encoding')?.[0] === 'chunked') return readChunks(bytes);
  return ended ? { content: bytes, rest: Buffer.alloc(0) } : undefined;
}

function readChunks(bytes: Buffer): { content: Buffer; rest: Buffer } | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    const end = line + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (size === 0) return { content: Buffer.concat(parts), rest: bytes.subarray(end + 2) };
    parts.push(bytes.subarray(line + 2, end));
    at = end + 2;
  }
}
