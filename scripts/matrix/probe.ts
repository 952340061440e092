import { type Answer, exchangeRaw, jsonOf } from './raw-http.js';
import type { Credentials, Endpoint, Role, Target } from './target.js';

/** Parameters in order; a name may be there twice. Raw pieces go in as they are. */
export type Parameters =
  | readonly (readonly [name: string, value: string])[]
  | Readonly<Record<string, string>>;

export interface ProbeRequest {
  readonly method?: string;
  /** A URL; the default is the endpoint's. */
  readonly url?: string;
  /** In order; added to `host`, `content-length` and `connection: close`. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
}

export const FORM: readonly [string, string] = ['content-type', 'application/x-www-form-urlencoded'];
export const GRANT = { grant_type: 'client_credentials' } as const;

/** The form encoding of RFC 6749 appendix B. */
export const encode = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');

export const formOf = (parameters: Parameters): string =>
  (Array.isArray(parameters) ? parameters : Object.entries(parameters))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');

type Header = readonly [string, string];

/** `Authorization: Basic`, with id and secret form-encoded first (RFC 6749 section 2.3.1). */
export const basic = ({ id, secret }: Credentials): Header => rawBasic(`${encode(id)}:${encode(secret)}`);
export const rawBasic = (userinfo: string): Header => [
  'authorization',
  `Basic ${Buffer.from(userinfo, 'latin1').toString('base64')}`,
];
export const bearer = (token: string): Header => ['authorization', `Bearer ${token}`];
export const inBody = ({ id, secret }: Credentials) => ({ client_id: id, client_secret: secret });

/** A row's hand on the target. */
export class Probe {
  readonly target: Target;

  constructor(target: Target) {
    this.target = target;
  }

  client(role: Role): Credentials {
    const client = this.target.clients[role];
    if (client === undefined) throw new Error(`the target has no client for ${role}`);
    return client;
  }

  url(endpoint: Endpoint): string {
    const url = this.target.endpoints[endpoint];
    if (url === undefined) throw new Error(`the target has no ${endpoint} endpoint`);
    return url;
  }

  /** A published URL as this run can reach it: an issuer has a name, and a server under test often only an address. */
  here(published: unknown): string {
    const { pathname, search } = new URL(String(published));
    return new URL(`${pathname}${search}`, this.url('token')).href;
  }

  /** One request to an endpoint over a connection of its own. */
  async send(endpoint: Endpoint, request: ProbeRequest): Promise<Answer> {
    return this.sendTo(request.url ?? this.url(endpoint), request);
  }

  async sendTo(url: string, { method = 'POST', headers = [], body = '' }: ProbeRequest): Promise<Answer> {
    const { host, pathname, search } = new URL(url);
    const names = new Set(headers.map(([name]) => name.toLowerCase()));
    const lines: Header[] = [['host', host], ['connection', 'close'], ...headers];
    const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
    if (hasBody && !names.has('content-length') && !names.has('transfer-encoding')) {
      lines.push(['content-length', String(Buffer.byteLength(body))]);
    }
    const head = [
      `${method} ${pathname}${search} HTTP/1.1`,
      ...lines.map(([name, value]) => `${name}: ${value}`),
    ];
    const bytes = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
    const [answer] = await this.raw(url, bytes, 1, [method]);
    if (answer === undefined) throw new Error('the connection was closed without an answer');
    return answer;
  }

  /** Bytes as they are. */
  raw(url: string, bytes: string | Buffer, count = 1, methods = ['POST']): Promise<readonly Answer[]> {
    return exchangeRaw(new URL(url), bytes, { count, methods, insecure: this.target.insecure });
  }

  /** A form, to an endpoint. */
  post(endpoint: Endpoint, parameters: Parameters | string, ...headers: readonly Header[]): Promise<Answer> {
    const body = typeof parameters === 'string' ? parameters : formOf(parameters);
    return this.send(endpoint, { headers: [FORM, ...headers], body });
  }

  /** A token for a client; fails where none is given. */
  async issue(role: Role, parameters: Readonly<Record<string, string>> = {}): Promise<string> {
    const answer = await this.post('token', { ...GRANT, ...parameters }, basic(this.client(role)));
    const token = jsonOf(answer)?.access_token;
    if (typeof token !== 'string') throw new Error(`no token for ${role}: ${answer.status} ${answer.body}`);
    return token;
  }

  introspect(token: string, role: Role = 'introspector'): Promise<Answer> {
    return this.post('introspection', { token }, basic(this.client(role)));
  }

  revoke(token: string, role: Role = 'client'): Promise<Answer> {
    return this.post('revocation', { token }, basic(this.client(role)));
  }

  /** An act while the target's store does not answer. */
  during(act: () => Promise<Answer>): Promise<Answer> {
    const { duringOutage } = this.target.abilities;
    if (duringOutage === undefined) throw new Error('the target has no outage to offer');
    return duringOutage(act);
  }

  metadata(): Promise<Answer> {
    return this.sendTo(this.url('metadata'), { method: 'GET' });
  }
}
