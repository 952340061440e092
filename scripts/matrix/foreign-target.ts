import { exchangeRaw, jsonOf } from './raw-http.js';
import type { Credentials, Endpoint, Role, Target } from './target.js';

/** What is known of a server that is not ours; whatever is left out spares it the rows that need it. */
export interface ForeignServer {
  /** Its issuer, or where it listens. */
  readonly url: string;
  readonly clients: Readonly<Partial<Record<Role, Credentials>>>;
  readonly endpoints?: Readonly<Partial<Record<Endpoint, string>>>;
  readonly scope?: string;
  readonly secondScope?: string;
  readonly audience?: string;
  readonly secondAudience?: string;
  /** Whether it knows RFC 8707. */
  readonly resources?: boolean;
  readonly insecure?: boolean;
}

const DOCUMENTS = ['oauth-authorization-server', 'openid-configuration'];
const MEMBERS: readonly (readonly [Endpoint, string])[] = [
  ['token', 'token_endpoint'],
  ['introspection', 'introspection_endpoint'],
  ['revocation', 'revocation_endpoint'],
];

/** A server as a target; its endpoints are looked up in its metadata (RFC 8414) where they are not given. */
export async function foreignTarget(server: ForeignServer): Promise<Target> {
  const insecure = server.insecure ?? false;
  const found = await discover(new URL(server.url), insecure);
  const published = MEMBERS.flatMap(([endpoint, member]) => {
    const url = found?.document[member];
    return typeof url === 'string' ? [[endpoint, url] as const] : [];
  });
  const endpoints = {
    token: new URL('/oauth/token', server.url).href,
    ...(found === undefined ? {} : { metadata: found.url }),
    ...Object.fromEntries(published),
    ...server.endpoints,
  };
  const issuer = found?.document.issuer;
  return {
    issuer: typeof issuer === 'string' ? issuer : server.url,
    endpoints,
    clients: server.clients,
    scope: server.scope ?? 'read',
    secondScope: server.secondScope ?? 'write',
    audience: server.audience ?? server.url,
    secondAudience: server.secondAudience ?? server.url,
    abilities: { resources: server.resources ?? false },
    strict: false,
    insecure,
  };
}

async function discover(
  base: URL,
  insecure: boolean,
): Promise<{ url: string; document: Record<string, unknown> } | undefined> {
  const path = base.pathname.replace(/\/$/, '');
  for (const name of DOCUMENTS) {
    const url = new URL(`/.well-known/${name}${path}`, base);
    const request = `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n\r\n`;
    const [answer] = await exchangeRaw(url, request, { insecure, methods: ['GET'] });
    const document = answer?.status === 200 ? jsonOf(answer) : undefined;
    if (document !== undefined) return { url: url.href, document };
  }
  return undefined;
}
