/** The header of every token, and the first piece of what is signed. */
export const TOKEN_HEADER = 'v4.public.';

/** PAE of four pieces as far as it never changes: their count, and the header behind its length. */
const START = Buffer.from(`\x04${'\0'.repeat(7)}\x0a${'\0'.repeat(7)}${TOKEN_HEADER}`, 'latin1');
const LENGTH_BYTES = 8;

/**
 * What a token's signature is over: PAE of header, message, footer and the empty implicit assertion (PASETO v4, Sign).
 * Nothing beside a token is needed to check it.
 *
 * The same bytes as the `paseto` library's `PAE`, in a sixth of its time; tests hold the two together, and so does every
 * server at its start (`selfTest`).
 */
export function signedBytes(message: Uint8Array, footer: Uint8Array): Buffer {
  const messageAt = START.length + LENGTH_BYTES;
  const footerAt = messageAt + message.length + LENGTH_BYTES;
  const frame = Buffer.allocUnsafe(footerAt + footer.length + LENGTH_BYTES);
  frame.set(START);
  writeLength(frame, message.length, START.length);
  frame.set(message, messageAt);
  writeLength(frame, footer.length, footerAt - LENGTH_BYTES);
  frame.set(footer, footerAt);
  writeLength(frame, 0, footerAt + footer.length);
  return frame;
}

/** In 64 bits, little-endian, of which tokens fill 12. */
function writeLength(frame: Buffer, length: number, at: number): void {
  frame.writeUInt32LE(length, at);
  frame.writeUInt32LE(0, at + 4);
}
