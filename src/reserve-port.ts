import { type AddressInfo, createServer } from 'node:net';
import type { ListenAddress } from './config/parsers.js';

/**
 * The address with a real port in the place of 0: one that the system says is free now. Between here and its use
 * another process could take it, and the start would then fail in words; only those who ask for port 0 run that risk.
 */
export async function reservePort(address: ListenAddress): Promise<ListenAddress> {
  if (address.port !== 0) return address;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host: address.host, port: 0 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { host: address.host, port };
}
