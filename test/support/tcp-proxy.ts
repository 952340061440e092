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
    let dueMs = 0;
    from.on('data', (bytes) => {
      if (dark || (isAnswer && swallowing)) return;
      const send = (): void => {
        if (!to.destroyed && !dark) to.write(bytes);
      };
      const nowMs = performance.now();
      dueMs = Math.max(dueMs, nowMs + (isAnswer ? delayMs : 0));
      if (dueMs > nowMs) setTimeout(send, dueMs - nowMs);
      else send();
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
