import { isIPv4, isIPv6 } from 'node:net';

/**
 * Whom failures are counted against: an IPv4 address, or an IPv6 network of 64 bits, since that is what one customer
 * gets and addresses within it cost nothing. Everything else is one place: nobody can make up many.
 */
export function sourceNetworkOf(address: string): string {
  if (isIPv4(address)) return address;
  const plain = address.split('%', 1)[0] ?? '';
  if (!isIPv6(plain)) return 'elsewhere';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = plain.toLowerCase().split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const network = [...left, ...zeros, ...right].slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::`;
}

/** The groups of 16 bits in one half; an IPv4 address at its end stands for two. */
function groupsOf(half: string): readonly string[] {
  if (half === '') return [];
  return half.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
