/** What the `authorization` entries of a request hold. */
export type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'token'; readonly token: string };

/**
 * Takes the bearer token from every `authorization` value of a request (RFC 6750 section 2.1). More than one value, or
 * a value with more than one token, is malformed: whoever stands between might go by the other one. Another scheme is
 * no token.
 */
export function bearerFrom(values: readonly string[]): Presented {
  if (values.length > 1) return { kind: 'malformed' };
  const value = values[0]?.trim() ?? '';
  if (!/^bearer(?: |$)/i.test(value)) return { kind: 'none' };
  const token = value.slice('bearer'.length).trimStart();
  return token === '' || /[\s,]/.test(token) ? { kind: 'malformed' } : { kind: 'token', token };
}
