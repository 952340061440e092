import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * One HTTP/1.1 connection that adds next to nothing of its own: it writes requests that are texts already, one at a
 * time, and gives back whole answers as texts.
 */
export interface HttpLine {
  /** Resolves with the answer, head and body; rejects when the connection ends before it is whole. */
  send(request: string): Promise<string>;
  /** False once the connection has ended. */
  isOpen(): boolean;
  /** By a reset, whatever is under way. */
  close(): void;
}

/** Rejects when there is no connection to be had. */
export async function openHttpLine(place: {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string;
}): Promise<HttpLine> {
  const socket = connect({ ...place, noDelay: true }).setEncoding('latin1');
  await once(socket, 'connect');
  let waiting: { resolve(answer: string): void; reject(error: Error): void } | undefined;
  let text = '';
  socket.on('error', () => undefined);
  socket.on('close', () => {
    waiting?.reject(new Error('the connection ended before the answer'));
    waiting = undefined;
  });
  socket.on('data', (more: string) => {
    text += more;
    if (waiting === undefined || !isWhole(text)) return;
    const { resolve } = waiting;
    waiting = undefined;
    resolve(text);
  });
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) {
          reject(new Error('the connection has ended'));
          return;
        }
        text = '';
        waiting = { resolve, reject };
        socket.write(request);
      }),
    isOpen: () => !socket.destroyed && socket.readyState === 'open',
    close: () => void socket.resetAndDestroy(),
  };
}

/** A form posted over such a connection, as a text. */
export function postOf(
  path: string,
  form: string,
  { host, authorization }: { readonly host: string; readonly authorization: string },
): string {
  return [
    `POST ${path} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/x-www-form-urlencoded',
    `content-length: ${Buffer.byteLength(form)}`,
    `authorization: ${authorization}`,
    '',
    form,
  ].join('\r\n');
}

/** What an answer says: its status, and its body, which is JSON or empty. */
export function partsOf(answer: string): { readonly status: number; readonly body: Record<string, unknown> } {
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  return {
    status: Number(answer.slice(9, 12)),
    body: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>),
  };
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? '0';
  return text.length >= headEnd + 4 + Number(length);
}
