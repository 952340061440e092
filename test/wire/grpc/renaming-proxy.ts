import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** HPACK's code for the letters of `authorization`, and for `m` (RFC 7541 appendix B). */
const CODE: Record<string, string> = {
  a: '00011',
  h: '100111',
  i: '00110',
  m: '101001',
  n: '101010',
  o: '00111',
  r: '101100',
  t: '01001',
  u: '101101',
  z: '1111011',
};

function huffman(text: string): Buffer {
  const bits = [...text].map((letter) => CODE[letter]).join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from(padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

/** A header that clients send under this name arrives as another `authorization`, which they refuse to send twice. */
export const ALIAS = 'authorizatiom';

/** Passes bytes on to a server, renaming {@link ALIAS} on their way. */
export async function startRenamingProxy(port: number): Promise<{ address: string; close(): void }> {
  const [from, to] = [huffman(ALIAS), huffman('authorization')];
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes) => {
      const at = bytes.indexOf(from);
      if (at !== -1) to.copy(bytes, at);
      server.write(bytes);
    });
    server.pipe(client);
    client.on('close', () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
