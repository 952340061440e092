import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

/** A proxy in a process of its own: while ours is busy judging, what passes through it must not stand still. */
export interface ProxyProcess
  extends Pick<TcpProxy, 'port' | 'delayAnswers' | 'swallowAnswers' | 'resetAll'> {
  stop(): Promise<void>;
}

type Order =
  | { readonly act: 'delayAnswers'; readonly value: number }
  | { readonly act: 'swallowAnswers'; readonly value: boolean }
  | { readonly act: 'resetAll' };

/** Starts one in front of a port of 127.0.0.1. */
export async function startProxyProcess({ port }: { readonly port: number }): Promise<ProxyProcess> {
  const child = fork(fileURLToPath(import.meta.url), [String(port)], { execArgv: ['--import=tsx'] });
  const [own] = (await once(child, 'message')) as [number];
  const tell = (order: Order): void => void child.send(order);
  return {
    port: own,
    delayAnswers: (value) => tell({ act: 'delayAnswers', value }),
    swallowAnswers: (value) => tell({ act: 'swallowAnswers', value }),
    resetAll: () => tell({ act: 'resetAll' }),
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(process.argv[2]) });
  process.on('message', (order: Order) => {
    if (order.act === 'delayAnswers') proxy.delayAnswers(order.value);
    else if (order.act === 'swallowAnswers') proxy.swallowAnswers(order.value);
    else proxy.resetAll();
  });
  process.on('disconnect', () => process.exit());
  process.send(proxy.port);
}
