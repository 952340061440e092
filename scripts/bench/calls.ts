import { credentials } from '@grpc/grpc-js';
import {
  parsePublicToken,
  verificationKeyFromPaserk,
  verifyPublicTokenSync,
} from '../../src/adapters/paseto/public-token.js';
import {
  IntrospectTokenRequest,
  IssueTokenRequest,
  TokenServiceClient,
} from '../../src/wire/gen/countersign/v1/token_service.js';
import { type Intensity, type LoadResult, loadForm, loadGrpc } from './load.js';
import { ADMIN, basic, CLIENT_ID, issueTokens, type OurServer, settled } from './our-server.js';

export const ISSUE = 'countersign.v1.TokenService/IssueToken';
export const INTROSPECT = 'countersign.v1.TokenService/IntrospectToken';
export const ADMIN_HEADER = { authorization: basic(ADMIN.id, ADMIN.secret) };

export const issueBody = (clientSecret: string, clientId = CLIENT_ID): Uint8Array =>
  IssueTokenRequest.encode(IssueTokenRequest.fromPartial({ clientId, clientSecret })).finish();
export const introspectBody = (token: string): Uint8Array =>
  IntrospectTokenRequest.encode({ token }).finish();
export const issueForm = (clientSecret: string): string =>
  `grant_type=client_credentials&client_id=${CLIENT_ID}&client_secret=${clientSecret}`;

/** As hard as two cores can be loaded without the queue being what is measured. */
export const overGrpc = (requests: number): Intensity => ({ requests, connections: 4, streams: 32 });
export const overHttp = (requests: number): Intensity => ({ requests, connections: 64, streams: 1 });

/** The rate of a load that every answer of was a 2xx. */
export async function rateOf(requests: number, load: Promise<LoadResult>): Promise<number> {
  const { requestsPerSecond, succeeded } = await load;
  if (succeeded !== requests) throw new Error(`${requests - succeeded} of ${requests} requests failed`);
  return requestsPerSecond;
}

/**
 * The same for a server of ours, whose own count has to agree: over gRPC a failed call comes with HTTP 200 too, and
 * the load generator does not look further.
 */
export async function countedRate(
  server: OurServer,
  counter: readonly [name: string, label?: string],
  requests: number,
  load: () => Promise<LoadResult>,
): Promise<number> {
  const before = await server.counter(...counter);
  const rate = await rateOf(requests, load());
  const counted = (await server.counter(...counter)) - before;
  if (counted !== requests) throw new Error(`${counter.join(' ')}: ${counted} counted of ${requests} sent`);
  return rate;
}

export const ISSUED = ['countersign_tokens_issued_total'] as const;
export const ACTIVE = ['countersign_introspections_total', 'active="true"'] as const;

/** IssueToken over and over. */
export const issueRate = (server: OurServer, secret: string, requests: number): Promise<number> =>
  countedRate(server, ISSUED, requests, () =>
    loadGrpc(server.ports.grpc, ISSUE, issueBody(secret), {}, overGrpc(requests)),
  );

/** POST /oauth/token over and over. */
export const formIssueRate = (server: OurServer, secret: string, requests: number): Promise<number> =>
  countedRate(server, ISSUED, requests, () =>
    loadForm(server.ports.http, '/oauth/token', issueForm(secret), {}, overHttp(requests)),
  );

/** Takes samples apart: tokens of this server have to be good by its published keys, and say what was asked for. */
export async function requireGoodTokens(server: OurServer, secret: string, count = 5): Promise<void> {
  const stub = new TokenServiceClient(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  try {
    const { keys } = await settled<{ keys: { keyId: string; publicKey: string }[] }>((done) =>
      stub.listVerificationKeys({}, done),
    );
    for (const token of await issueTokens(server, CLIENT_ID, secret, count)) {
      const parsed = parsePublicToken(token);
      const key = keys.find(({ keyId }) => keyId === parsed?.keyId);
      const claims = parsed && key && verifyPublicTokenSync(parsed, verificationKeyFromPaserk(key.publicKey));
      if (claims?.clientId !== CLIENT_ID) throw new Error('a token that was issued is no good');
    }
  } finally {
    stub.close();
  }
}
