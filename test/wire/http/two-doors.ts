import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { Probe } from '../../../scripts/matrix/probe.js';
import { type Answer, jsonOf } from '../../../scripts/matrix/raw-http.js';
import type { Target } from '../../../scripts/matrix/target.js';
import {
  IntrospectTokenRequest,
  type IntrospectTokenResponse,
  IssueTokenRequest,
  type IssueTokenResponse,
  RevokeTokenRequest,
  TokenServiceClient,
} from '../../../src/wire/gen/countersign/v1/token_service.js';

/** One request, told in the terms that both doors have. */
export interface DoorRequest {
  readonly act: 'issue' | 'introspect' | 'revoke';
  /** `authorization`, as often as it is sent. */
  readonly headers: readonly string[];
  /** A credential in the form or, for issuing, in the message. */
  readonly body: { readonly clientId: string; readonly secret: string };
  readonly scopes: readonly string[];
  readonly audience: string;
  readonly token: string;
  /** Who asks, as a trusted proxy forwards it; keeps one request's failures from counting against another's. */
  readonly source: string;
}

/** What a door said, in one form: the code, and what the answer is about. */
export interface Verdict {
  readonly code: string;
  readonly about: Readonly<Record<string, unknown>>;
}

export interface Door {
  ask(request: DoorRequest): Promise<Verdict>;
  close(): void;
}

const PATHS = { issue: 'token', introspect: 'introspection', revoke: 'revocation' } as const;

export function httpDoor(target: Target): Door {
  const probe = new Probe(target);
  return {
    ask: async ({ act, headers, body, scopes, audience, token, source }) => {
      const parameters = {
        ...(act === 'issue'
          ? { grant_type: 'client_credentials', scope: scopes.join(' '), audience }
          : { token }),
        client_id: body.clientId,
        client_secret: body.secret,
      };
      const sent = headers.map((value) => ['authorization', value] as const);
      return httpVerdict(act, await probe.post(PATHS[act], parameters, ['x-forwarded-for', source], ...sent));
    },
    close: () => undefined,
  };
}

function httpVerdict(act: DoorRequest['act'], answer: Answer): Verdict {
  const found = jsonOf(answer) ?? {};
  if (answer.status !== 200) return { code: String(found.error), about: {} };
  if (act === 'revoke') return { code: 'ok', about: {} };
  if (act === 'issue') return { code: 'ok', about: { scope: found.scope, seconds: found.expires_in } };
  const { active, client_id: client, sub, aud, iss, scope, jti, iat, nbf, exp } = found;
  return { code: 'ok', about: { active, client, sub, aud, iss, scope, jti, iat, nbf, exp } };
}

export function grpcDoor(address: string): Door {
  const stub = new TokenServiceClient(address, credentials.createInsecure());
  return {
    ask: async (request) => {
      try {
        return await grpcVerdict(stub, request);
      } catch (error) {
        const code = String((error as ServiceError).metadata?.get('countersign-error')[0]);
        // RFC 7009 has no word for it, so over HTTP it is told as an invalid request.
        const told = request.act === 'revoke' && code === 'insufficient_scope' ? 'invalid_request' : code;
        return { code: told, about: {} };
      }
    },
    close: () => stub.close(),
  };
}

async function grpcVerdict(stub: TokenServiceClient, request: DoorRequest): Promise<Verdict> {
  const metadata = new Metadata();
  metadata.set('x-forwarded-for', request.source);
  const { act, token, body } = request;
  for (const header of request.headers) metadata.add('authorization', header);
  // Only IssueToken takes a credential in its message; elsewhere the same one goes where it can.
  if (act !== 'issue' && (body.clientId !== '' || body.secret !== '')) {
    metadata.add('authorization', basicOf(body.clientId, body.secret));
  }
  if (act === 'issue') {
    const asked = IssueTokenRequest.fromPartial({
      clientId: body.clientId,
      clientSecret: body.secret,
      scopes: [...request.scopes],
      audience: request.audience,
    });
    const issued = await call<IssueTokenResponse>((done) => stub.issueToken(asked, metadata, done));
    return { code: 'ok', about: { scope: textOf(issued.scopes), seconds: issued.expiresInSeconds } };
  }
  if (act === 'revoke') {
    await call((done) => stub.revokeToken(RevokeTokenRequest.fromPartial({ token }), metadata, done));
    return { code: 'ok', about: {} };
  }
  const asked = IntrospectTokenRequest.fromPartial({ token });
  return introspected(await call((done) => stub.introspectToken(asked, metadata, done)));
}

function introspected(found: IntrospectTokenResponse): Verdict {
  const text = (value: string): string | undefined => (value === '' ? undefined : value);
  const about = {
    active: found.active,
    client: text(found.clientId),
    sub: text(found.subject),
    aud: text(found.audience),
    iss: text(found.issuer),
    scope: textOf(found.scopes),
    jti: text(found.tokenId),
    iat: secondsOf(found.issuedAt),
    nbf: secondsOf(found.notBefore),
    exp: secondsOf(found.expiresAt),
  };
  return { code: 'ok', about };
}

export const basicOf = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

const textOf = (scopes: readonly string[]): string | undefined =>
  scopes.length === 0 ? undefined : scopes.join(' ');
const secondsOf = (date: Date | undefined): number | undefined =>
  date === undefined ? undefined : date.getTime() / 1000;

const call = <Response>(
  ask: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    ask((error, response) => (error === null ? resolve(response) : reject(error)));
  });
