import { BlockList, isIP } from 'node:net';
import { BadSetting } from './setting-reader.js';

/** Where to listen; port 0 picks a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port`. */
export function listenAddressFrom(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535) throw new BadSetting('must be host:port, such as 127.0.0.1:50051');
  return { host, port };
}

/** `host:port`, or `off` as undefined. */
export const listenAddressOrOff = (text: string): ListenAddress | undefined =>
  text === 'off' ? undefined : listenAddressFrom(text);

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

export function booleanFrom(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new BadSetting('must be true or false');
  return text === 'true';
}

/** A whole number within bounds. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < min || value > max) {
      throw new BadSetting(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  };

export const oneOf =
  <T extends string>(...choices: readonly T[]) =>
  (text: string): T => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw new BadSetting(`must be one of ${choices.join(', ')}`);
    return choice;
  };

/** A text of the pattern, or else a fault that says what was expected. */
export const matching =
  (pattern: RegExp, expected: string) =>
  (text: string): string => {
    if (!pattern.test(text)) throw new BadSetting(`must be ${expected}`);
    return text;
  };

/**
 * An issuer identifier (RFC 8414 section 2): a URL without query or fragment, https unless `allowHttp`. Answered
 * byte for byte as given, since verifiers compare it so.
 */
export const issuerFrom =
  (allowLoopbackHttp: boolean) =>
  (text: string): string => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:\/\/[^/\s?#@]+(\/[^\s?#]*)?$/.test(text) || text.length > 256) {
      throw new BadSetting('must be a URL without query, fragment or credentials');
    }
    if (/[^\x21-\x7e]|["\\]/.test(text)) throw new BadSetting('must be plain visible ASCII');
    if (
      url.protocol === 'http:' &&
      !(allowLoopbackHttp && isLoopback(url.hostname.replace(/^\[|\]$/g, '')))
    ) {
      throw new BadSetting('must begin with https:// (http:// is for loopback with memory: only)');
    }
    if (text.endsWith('/')) throw new BadSetting('must not end with a slash');
    return text;
  };

/** Addresses and CIDR networks, comma-separated. */
export function networksFrom(text: string): BlockList {
  const networks = new BlockList();
  for (const item of text.split(',').map((part) => part.trim())) {
    const [address = '', bits, ...rest] = item.split('/');
    const family = isIP(address);
    const max = family === 6 ? 128 : 32;
    const length = bits === undefined ? max : Number(bits);
    if (family === 0 || rest.length > 0 || !/^\d*$/.test(bits ?? '') || bits === '' || length > max) {
      throw new BadSetting('must be addresses or networks such as 10.0.0.0/8, comma-separated');
    }
    networks.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
  }
  return networks;
}

/** How many serving processes: a number, or `auto` for one a core. */
export const workersFrom =
  (cores: number) =>
  (text: string): number =>
    text === 'auto' ? cores : wholeNumber(1, 256)(text);
