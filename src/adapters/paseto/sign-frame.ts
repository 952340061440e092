import { TOKEN_HEADER } from './public-token.js';

/** PAE of four pieces as far as it never changes: their count, and the header behind its length. */
const START = Buffer.from(`\x04${'\0'.repeat(7)}\x0a${'\0'.repeat(7)}${TOKEN_HEADER}`, 'latin1');
const LENGTH_BYTES = 8;

/**
 * What a token's signature is over: PAE of header, message, footer and the empty implicit assertion (PASETO v4, Sign).
 *
 * The same bytes as `signedBytes`, which verifies with the `paseto` library's `PAE`, for a third of its time; a test
 * holds the two together, and every token that is issued and then verified does, too.
 */
export function signFrame(message: Uint8Array, footer: Uint8Array): Buffer {
  const messageAt = START.length + LENGTH_BYTES;
  const footerAt = messageAt + message.length + LENGTH_BYTES;
  // Zeros are most of each length, and all of the last one.
  const frame = Buffer.alloc(footerAt + footer.length + LENGTH_BYTES);
  frame.set(START);
  frame.writeUInt32LE(message.length, START.length);
  frame.set(message, messageAt);
  frame.writeUInt32LE(footer.length, footerAt - LENGTH_BYTES);
  frame.set(footer, footerAt);
  return frame;
}
