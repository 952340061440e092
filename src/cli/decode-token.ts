/** A PASETO taken apart. Nothing about it has been checked. */
export interface DecodedToken {
  /** Such as `v4.public`. */
  readonly kind: string;
  /** Undefined where they cannot be read: the token is encrypted, or no JSON. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  readonly footer: unknown;
  readonly keyId: string | undefined;
}

/** How long the signature at the payload's end is, in bytes. */
const SIGNATURE_BYTES: Readonly<Record<string, number>> = {
  'v1.public': 256,
  'v2.public': 64,
  'v3.public': 96,
  'v4.public': 64,
};

/** Takes a PASETO of any version apart, as far as that goes without a key. Undefined for what is no PASETO. */
export function decodeToken(token: string): DecodedToken | undefined {
  const match = /^(v[1-4]\.(?:public|local))\.([A-Za-z0-9_-]+)(?:\.([A-Za-z0-9_-]+))?$/.exec(token);
  const [, kind, body, footerPart] = match ?? [];
  if (kind === undefined || body === undefined) return undefined;
  const signatureBytes = SIGNATURE_BYTES[kind];
  const payload = Buffer.from(body, 'base64url');
  const claims = signatureBytes === undefined ? undefined : jsonFrom(payload.subarray(0, -signatureBytes));
  const footer = footerPart === undefined ? undefined : jsonFrom(Buffer.from(footerPart, 'base64url'));
  return {
    kind,
    claims: isObject(claims) ? claims : undefined,
    footer,
    keyId: isObject(footer) && typeof footer.kid === 'string' ? footer.kid : undefined,
  };
}

function jsonFrom(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
