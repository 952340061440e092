import { readFileSync } from 'node:fs';
import { Connection, type Credential, stockReader } from '../support/connection.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import type { FuzzRoom } from './target.js';

/** A built server of the fuzzer's own, with a client that gets tokens and one token of it. */
export interface FuzzServer {
  readonly server: ServerProcess;
  readonly admin: Credential;
  readonly client: Credential;
  readonly token: string;
  /** Ends it, and tells the room of what it should not have done meanwhile. */
  end(room: FuzzRoom): Promise<void>;
}

const AUDIENCE = 'https://orders.example';
/** An attacked server may remember clients that were made, and no more. */
const MOST_GROWTH_MB = 300;

export async function startFuzzServer(): Promise<FuzzServer> {
  const admin = { id: 'the-administrator-of-the-fuzzer', secret: 'a-secret-that-no-mutation-comes-upon' };
  const server = await startServerProcess({
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: admin.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: admin.secret,
    COUNTERSIGN_LOG_CALLS_PER_SECOND: '1',
  });
  const connection = new Connection(server.ports.grpc, admin);
  const client = await connection.register('orders', stockReader(AUDIENCE));
  const token = await connection.issue(client);
  connection.close();
  const startMb = memoryMb(server.pid);
  return {
    server,
    admin,
    client,
    token,
    end: async (room) => {
      const grewMb = memoryMb(server.pid) - startMb;
      room.note('MB that the server grew by', Math.round(grewMb));
      if (grewMb > MOST_GROWTH_MB) room.found(`the server grew by ${grewMb.toFixed(0)} MB`, '');
      const status = await server.stop();
      if (status !== 0) room.found(`the server ended with ${status}`, server.output().slice(-2000));
      for (const { level, msg, code } of server.logLines()) {
        if (level === 'fatal' || code === 'internal')
          room.found('the log tells of a failure of ours', `${msg}`);
      }
    },
  };
}

const memoryMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Does something for every number below a bound, so many at once. */
export async function inParallel(
  bound: number,
  width: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < bound) {
      next += 1;
      await act(next);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
