import { isIPv6, type Server, type Socket } from 'node:net';

/** Whose connections are not counted: proxies speak for many. */
export type IsExempt = (address: string) => boolean;

/**
 * Closes connections beyond `most` from one source as they come, so that nobody alone takes all that a server holds.
 *
 * A source is an address, or for IPv6 a /64, which is what one host has (RFC 6177, RFC 4291 section 2.5.1).
 */
export function capPerSource(server: Server, most: number, isExempt: IsExempt): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress;
    if (address === undefined || isExempt(address)) return;
    const source = sourceOf(address);
    const count = counts.get(source) ?? 0;
    if (count >= most) {
      socket.destroy();
      return;
    }
    counts.set(source, count + 1);
    socket.once('close', () => {
      const left = (counts.get(source) ?? 1) - 1;
      if (left === 0) counts.delete(source);
      else counts.set(source, left);
    });
  });
}

/** What is counted together with an address as Node writes it. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [before = '', after] = (address.split('%')[0] ?? '').split('::');
  const head = groupsOf(before);
  const zeros = after === undefined ? 0 : 8 - head.length - groupsOf(after).length;
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...groupsOf(after ?? '')];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));
