import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Host } from './host.js';

/**
 * One line from the user at the terminal; empty at the end of input or on Ctrl-C.
 *
 * @param hidden whether what is typed stays off the screen
 */
export async function ask(
  host: Host,
  question: string,
  { hidden }: { readonly hidden: boolean },
): Promise<string> {
  host.stderr.write(question);
  // With a terminal of its own to write to, readline takes over the echo; this one shows nothing.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface(
    hidden ? { input: host.stdin, output: nowhere, terminal: true } : { input: host.stdin },
  );
  try {
    const ended = new Promise<string>((resolve) => {
      lines.once('close', () => resolve(''));
      lines.once('SIGINT', () => resolve(''));
    });
    return await Promise.race([lines.question(''), ended]);
  } finally {
    lines.close();
    if (hidden) host.stderr.write('\n');
  }
}
