import { ADMIN, type Arena } from '../faults/arena.js';
import { DEADLINE_MS, type Registered, type Stubs } from '../faults/clients-under-test.js';
import type { Outcome } from '../faults/history.js';
import { type HttpLine, openHttpLine, partsOf, postOf } from '../support/http-line.js';

/** How long a token lives, in seconds: what is revoked of them is then remembered for a minute and a half. */
export const TOKEN_SECONDS = 30;

/** One way into one server, for callers that judge each answer and never throw. */
export interface Door {
  readonly name: string;
  issue(client: Registered): Promise<{ outcome: Outcome; token?: string; tokenId?: string }>;
  introspect(token: string): Promise<{ outcome: Outcome }>;
  revokeToken(token: string): Promise<{ outcome: Outcome }>;
  /** Hangs up. */
  rest(): void;
}

/** Both doors of every server. */
export const doorsOf = (arena: Arena): readonly Door[] => [
  ...arena.stubs.map(grpcDoor),
  ...arena.servers.map(({ ports }, index) => new HttpDoor(`server-${index}`, ports.http)),
];

const grpcDoor = (stubs: Stubs): Door => ({
  name: stubs.name,
  issue: (client) => stubs.issue(client, TOKEN_SECONDS),
  introspect: (token) => stubs.introspect(token),
  revokeToken: (token) => stubs.revokeToken(token),
  rest: () => undefined,
});

const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

const AS_ADMIN = basic(ADMIN.id, ADMIN.secret);

class HttpDoor implements Door {
  readonly name: string;
  readonly #port: number;
  #idle: HttpLine[] = [];

  constructor(name: string, port: number) {
    this.name = name;
    this.#port = port;
  }

  async issue({ clientId, secret }: Registered) {
    const { outcome, body } = await this.#post(
      '/oauth/token',
      'grant_type=client_credentials',
      basic(clientId, secret),
    );
    if (outcome.kind !== 'ok') return { outcome };
    const token = String(body.access_token);
    return { outcome, token, tokenId: tokenIdOf(token) };
  }

  async introspect(token: string): Promise<{ outcome: Outcome }> {
    const { outcome, body } = await this.#post('/oauth/introspect', `token=${token}`, AS_ADMIN);
    return outcome.kind === 'ok'
      ? { outcome: { kind: 'ok', verdict: body.active === true ? 'active' : 'inactive' } }
      : { outcome };
  }

  async revokeToken(token: string): Promise<{ outcome: Outcome }> {
    const { outcome } = await this.#post('/oauth/revoke', `token=${token}`, AS_ADMIN);
    return { outcome };
  }

  rest(): void {
    for (const line of this.#idle) line.close();
    this.#idle = [];
  }

  async #post(path: string, form: string, authorization: string) {
    const host = `127.0.0.1:${this.#port}`;
    let line: HttpLine | undefined;
    let deadline: NodeJS.Timeout | undefined;
    try {
      while (line === undefined || !line.isOpen()) {
        line = this.#idle.pop() ?? (await openHttpLine({ host: '127.0.0.1', port: this.#port }));
      }
      deadline = setTimeout((late) => late.close(), DEADLINE_MS, line);
      const { status, body } = partsOf(await line.send(postOf(path, form, { host, authorization })));
      this.#idle.push(line);
      return { outcome: outcomeOf(status, body), body };
    } catch (error) {
      line?.close();
      return { outcome: { kind: 'unknown', why: (error as Error).message } as const, body: {} };
    } finally {
      clearTimeout(deadline);
    }
  }
}

function outcomeOf(status: number, body: Record<string, unknown>): Outcome {
  if (status === 200) return { kind: 'ok' };
  if (status === 503) return { kind: 'unknown', why: 'temporarily_unavailable' };
  return { kind: 'refused', code: String(body.error ?? status) };
}

/** The `jti` of a token, read without a look at its signature: that it is good is for others to say. */
function tokenIdOf(token: string): string {
  const signed = Buffer.from(token.split('.')[2] ?? '', 'base64url').toString('latin1');
  return /"jti":"([^"]+)"/.exec(signed)?.[1] ?? '';
}
