import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Flood {
  readonly port: number;
  /** `/package.Service/Method`, or a form's endpoint. */
  readonly path: string;
  readonly message: Uint8Array;
  readonly authorization?: string;
  readonly connections: number;
  /** Calls at once on each connection. */
  readonly streams: number;
  readonly seconds: number;
}

/** Calls a gRPC method as often as can be, with h2load, which costs far less than a client in Node. */
export async function flood(options: Flood): Promise<void> {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(options.message.length, 1);
  await load(
    options,
    ['content-type: application/grpc', 'te: trailers'],
    Buffer.concat([head, options.message]),
    [],
  );
}

/** Sends a form over HTTP/1.1 as often as can be, one at a time on each connection. */
export async function floodForms(options: Omit<Flood, 'streams'>): Promise<void> {
  const headers = ['content-type: application/x-www-form-urlencoded'];
  await load({ ...options, streams: 1 }, headers, options.message, ['--h1']);
}

async function load(
  options: Flood,
  ownHeaders: readonly string[],
  content: Uint8Array,
  extra: readonly string[],
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-flood-'));
  const body = join(directory, 'body');
  await writeFile(body, content);
  const headers = [...ownHeaders];
  if (options.authorization !== undefined) headers.push(`authorization: ${options.authorization}`);
  try {
    await promisify(execFile)('h2load', [
      ...extra,
      `--clients=${options.connections}`,
      `--max-concurrent-streams=${options.streams}`,
      `--duration=${options.seconds}`,
      `--data=${body}`,
      ...headers.map((header) => `--header=${header}`),
      `http://127.0.0.1:${options.port}${options.path}`,
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
}
