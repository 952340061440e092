import { type ClientHttp2Session, connect } from 'node:http2';

/** How the calls of a load went. */
export interface EachResult {
  readonly requestsPerSecond: number;
}

/** Field 1 of IssueTokenResponse: a token. */
export const isToken = (answer: Buffer): boolean => answer.includes('v4.public.');
/** Field 1 of IntrospectTokenResponse, `active`, is true. */
export const isActive = (answer: Buffer): boolean => answer[0] === 0x08 && answer[1] === 0x01;

const CONNECTIONS = 4;
const STREAMS = 32;

/**
 * Unary gRPC calls that each have their own body, in order, all of which must be answered with status 0 and pass the
 * test. Slower than h2load, which knows one body only, so its rates are to be compared with one another alone.
 */
export async function loadGrpcEach(
  port: number,
  rpc: string,
  bodies: readonly Uint8Array[],
  metadata: Readonly<Record<string, string>>,
  isGood: (answer: Buffer) => boolean,
): Promise<EachResult> {
  const headers = {
    ':method': 'POST',
    ':path': `/${rpc}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...metadata,
  };
  const sessions = Array.from({ length: CONNECTIONS }, () => connect(`http://127.0.0.1:${port}`));
  let next = 0;
  const caller = async (session: ClientHttp2Session): Promise<void> => {
    for (let body = bodies[next]; body !== undefined; body = bodies[next]) {
      next += 1;
      await call(session, headers, body, isGood);
    }
  };
  const started = performance.now();
  try {
    await Promise.all(sessions.flatMap((session) => Array.from({ length: STREAMS }, () => caller(session))));
    return { requestsPerSecond: (bodies.length / (performance.now() - started)) * 1000 };
  } finally {
    for (const session of sessions) session.destroy();
  }
}

function call(
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  isGood: (answer: Buffer) => boolean,
): Promise<void> {
  const frame = Buffer.alloc(5 + body.length);
  frame.writeUInt32BE(body.length, 1);
  frame.set(body, 5);
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    const pieces: Buffer[] = [];
    let status: unknown;
    stream.on('error', reject);
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    // A call that fails before it has an answer has its status among the headers.
    stream.on('response', (answered) => {
      status = answered['grpc-status'];
    });
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.on('end', () => {
      const answer = Buffer.concat(pieces).subarray(5);
      if (status === '0' && isGood(answer)) resolve();
      else reject(new Error(`a call failed: status ${String(status)}`));
    });
    stream.end(frame);
  });
}
