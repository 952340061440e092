/** The clients that each peer knows, by the parts that they play in the matrix. */
export const SCOPE = 'orders:read';
export const SECOND_SCOPE = 'orders:write';
export const AUDIENCE = 'https://orders.example';
export const SECOND_AUDIENCE = 'https://invoices.example/v1';

const secret = (name) => `${name}-secret-of-more-than-thirty-two-characters`;

export const CLIENTS = {
  client: { id: 'client', secret: secret('client') },
  other: { id: 'other', secret: secret('other') },
  introspector: { id: 'introspector', secret: secret('introspector') },
  introspectionOnly: { id: 'introspectionOnly', secret: secret('introspectionOnly') },
  special: { id: 'special', secret: 'a%41:b+c&d=e/f?g#h@i;j,k!l~m^n(o)p[q]{r}|s' },
};

/** Tells whoever started this process where it listens. */
export const tellPort = (port) => process.stdout.write(`${JSON.stringify({ port })}\n`);
