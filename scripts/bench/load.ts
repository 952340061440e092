import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), 'countersign-bench-'));

/** How hard to load: bounded in count, so it ends by itself. */
export interface Intensity {
  readonly requests: number;
  readonly connections: number;
  /** Streams at once on each connection; HTTP/1.1 has one. */
  readonly streams: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly succeeded: number;
}

/** A unary gRPC call over and over, through h2load: it is far faster than any client in Node. */
export async function loadGrpc(
  port: number,
  rpc: string,
  body: Uint8Array,
  metadata: Record<string, string>,
  { requests, connections, streams }: Intensity,
): Promise<LoadResult> {
  const frame = Buffer.concat([Buffer.alloc(5), body]);
  frame.writeUInt32BE(body.length, 1);
  const file = join(scratch, `body-${Math.random().toString(36).slice(2)}`);
  writeFileSync(file, frame);
  const headers = { 'content-type': 'application/grpc', te: 'trailers', ...metadata };
  const { stdout } = await run('h2load', [
    ...['-n', String(requests), '-c', String(connections), '-m', String(streams), '-t', '1', '-d', file],
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    `http://127.0.0.1:${port}/${rpc}`,
  ]);
  return {
    requestsPerSecond: Number(/, ([\d.]+) req\/s/.exec(stdout)?.[1]),
    succeeded: Number(/(\d+) 2xx/.exec(stdout)?.[1]),
  };
}

/** One form over and over, through h2load speaking HTTP/1.1, so both doors are loaded by the same tool and count. */
export async function loadForm(
  port: number,
  path: string,
  form: string,
  headers: Record<string, string>,
  { requests, connections }: Intensity,
): Promise<LoadResult> {
  const file = join(scratch, `form-${Math.random().toString(36).slice(2)}`);
  writeFileSync(file, form);
  const all = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
  const { stdout } = await run('h2load', [
    ...['--h1', '-n', String(requests), '-c', String(connections), '-t', '1', '-d', file],
    ...Object.entries(all).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    `http://127.0.0.1:${port}${path}`,
  ]);
  return {
    requestsPerSecond: Number(/, ([\d.]+) req\/s/.exec(stdout)?.[1]),
    succeeded: Number(/(\d+) 2xx/.exec(stdout)?.[1]),
  };
}
