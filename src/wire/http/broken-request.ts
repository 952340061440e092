import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { refusalBody } from './refuse.js';

/**
 * Answers what Node could not read as a request at all, or waited for in vain, and ends the connection: its bytes can
 * no longer be told apart. Says nothing of what it could not read, nor of what this server is.
 */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  const noTls = /^ERR_(SSL|TLS)_/.test(error.code ?? '');
  if (!socket.writable || error.code === 'ECONNRESET' || noTls) {
    socket.destroy();
    return;
  }
  const [status, why] = BREAKS[error.code ?? ''] ?? [400, 'The request is malformed.'];
  const body = refusalBody('invalid_request', why);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    'cache-control: no-store',
    'pragma: no-cache',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

const BREAKS: Readonly<Record<string, readonly [status: number, why: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};

/** Answers an `Expect` that nobody here can meet (RFC 9110 section 10.1.1). */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(417, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    pragma: 'no-cache',
    connection: 'close',
  });
  response.end(refusalBody('invalid_request', 'The Expect header asks for something that is not done here.'));
}
