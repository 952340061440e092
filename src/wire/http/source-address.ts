import { type BlockList, isIP } from 'node:net';

/** The address that a call came from, given the connection's and `X-Forwarded-For`. */
export type SourceAddress = (peer: string | undefined, forwardedFor: string | undefined) => string;

/**
 * Believes `X-Forwarded-For` only as far as trusted proxies wrote it: read from the right, the first address that is
 * no trusted proxy's is the caller's. What stands left of it is the caller's own claim, and anybody can send that.
 */
export function makeSourceAddress(trusted: BlockList | undefined): SourceAddress {
  const isTrusted = (address: string): boolean =>
    trusted?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') ?? false;

  return (peer, forwardedFor) => {
    let source = plain(peer ?? '');
    if (trusted === undefined || forwardedFor === undefined) return source;
    const hops = forwardedFor.split(',');
    while (isTrusted(source)) {
      const hop = addressOf(hops.pop());
      if (hop === undefined) break;
      source = hop;
    }
    return source;
  };
}

/** The address in one entry, which may carry a port; undefined when there is none. */
function addressOf(entry: string | undefined): string | undefined {
  const text = entry?.trim() ?? '';
  const match = /^\[([^\]]+)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text);
  const address = plain(match?.[1] ?? match?.[2] ?? text);
  return isIP(address) === 0 ? undefined : address;
}

/** An IPv4 address that came in by an IPv6 socket is still an IPv4 address. */
const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);
