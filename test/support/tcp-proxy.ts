import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Something that stands between a server and its Redis, or a verifier and its server, and does harm when told to. */
export interface TcpProxy {
  readonly port: number;
  /** Holds every byte of the answers back for so long. */
  delayAnswers(ms: number): void;
  /** Takes the answers and passes none of them on; what was asked still arrives. */
  swallowAnswers(on: boolean): void;
  /** Passes nothing on in either direction, and closes nothing: as a cable that was pulled. */
  blackhole(on: boolean): void;
  /** Resets every connection there is. */
  resetAll(): void;
  stop(): Promise<void>;
}

/** Passes bytes on between a port of its own and another port of this machine. */
export async function startTcpProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  let delayMs = 0;
  let swallowing = false;
  let dark = false;
  const sockets = new Set<Socket>();

  const pass = (from: Socket, to: Socket, isAnswer: boolean): void => {
    // Bytes that are late hold up those behind them, as on any connection: they never overtake one another.
    const line: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
    const pump = (): void => {
      for (let next = line[0]; next !== undefined; next = line[0]) {
        const leftMs = next.dueMs - performance.now();
        if (leftMs > 0) {
          setTimeout(pump, leftMs);
          return;
        }
        line.shift();
        if (!to.destroyed && !dark) to.write(next.bytes);
      }
    };
    from.on('data', (bytes: Buffer) => {
      if (dark || (isAnswer && swallowing)) return;
      line.push({ bytes, dueMs: performance.now() + (isAnswer ? delayMs : 0) });
      if (line.length === 1) pump();
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      if (!dark) to.destroy();
    });
  };

  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
    }
    pass(client, upstream, false);
    pass(upstream, client, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    delayAnswers: (ms) => {
      delayMs = ms;
    },
    swallowAnswers: (on) => {
      swallowing = on;
    },
    blackhole: (on) => {
      dark = on;
    },
    resetAll: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
