/**
 * The bytes of unpadded base64url, or undefined for any other text.
 *
 * Node's decoder forgives padding, the alphabet of plain base64, stray characters and non-zero trailing bits, so many
 * texts stand for the same bytes. PASETO forbids that (Common implementation details, "base64url"): a token must have
 * one spelling. Encoding the result again and comparing refuses them all at once, and costs less than a look at each
 * character.
 */
export function bytesFromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
