/** A client's id and secret, as sent. */
export interface BasicCredentials {
  readonly clientId: string;
  readonly secret: string;
}

/** Room for the longest id and secret with every byte escaped, and no more work than that for anyone. */
const MAX_HEADER_LENGTH = 8192;

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads an `Authorization: Basic` header (RFC 7617) as OAuth means it: id and secret are form-encoded each, inside the
 * base64, so they are split at the first colon before either is decoded (RFC 6749 section 2.3.1 and appendix B).
 *
 * Undefined when it is of another scheme, too long, or malformed in any layer: base64 that another reader would take
 * for other bytes, no colon, a bad escape, or bytes that are not UTF-8. Both doors answer that with `invalid_client`,
 * since an authentication was attempted.
 */
export function parseBasicCredentials(header: string): BasicCredentials | undefined {
  if (header.length > MAX_HEADER_LENGTH) return undefined;
  const encoded = BASIC.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  // Node also reads base64 without padding, or with stray bits after the last byte.
  if (bytes.toString('base64') !== encoded) return undefined;
  try {
    const pair = utf8.decode(bytes);
    const colon = pair.indexOf(':');
    if (colon === -1) return undefined;
    return { clientId: formDecode(pair.slice(0, colon)), secret: formDecode(pair.slice(colon + 1)) };
  } catch {
    return undefined;
  }
}

/** Throws on a bad escape. */
function formDecode(text: string): string {
  // Nearly all are plain: generated ids and secrets have nothing to escape.
  return /[%+]/.test(text) ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
}
