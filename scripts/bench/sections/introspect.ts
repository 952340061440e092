import { startRedis } from '../../../test/support/redis.js';
import {
  ACTIVE,
  ADMIN_HEADER,
  countedRate,
  INTROSPECT,
  introspectBody,
  issueForm,
  overGrpc,
  overHttp,
  rateOf,
} from '../calls.js';
import { type Findings, figure, verdict } from '../figures.js';
import { loadForm, loadGrpc } from '../load.js';
import { isActive, loadGrpcEach } from '../load-each.js';
import { CLIENT_ID, issueTokens, registerClient, startOurServer } from '../our-server.js';
import { PEER_SECRET, startPeer } from '../processes.js';
import { measure, ratiosOf } from '../rounds.js';
import { type Stage, withThings } from '../stage.js';

/** Introspection of a token that was asked about before, and of tokens that never were. */
export const introspect = (stage: Stage): Promise<Findings> =>
  withThings(async (add) => {
    const redis = await add(startRedis());
    const server = await add(startOurServer(redis.url));
    // Its memory for tokens is full of those that are asked about once.
    const fresh = await add(startOurServer(redis.url, { COUNTERSIGN_KEY_PREFIX: 'fresh' }));
    const bare = await add(startPeer('ceiling-grpc.ts', 'none'));
    const verifying = await add(startPeer('ceiling-grpc.ts', 'verify'));
    const oidc = await add(startPeer('peers/oidc-provider.mjs', 'opaque'));
    const secret = await registerClient(server, CLIENT_ID);
    const freshSecret = await registerClient(fresh, CLIENT_ID);
    const [repeated = ''] = await issueTokens(server, CLIENT_ID, secret, 1);
    const theirs = await theirToken(oidc.port);

    const n = stage.count(15_000, 600);
    const few = stage.count(3_000, 200);
    const freshCount = stage.count(5_000, 200);
    const freshBodies = async (): Promise<readonly Uint8Array[]> =>
      (await issueTokens(fresh, CLIENT_ID, freshSecret, freshCount)).map(introspectBody);
    const form = `token=${repeated}`;
    const their = `token=${theirs}&client_id=${CLIENT_ID}&client_secret=${PEER_SECRET}`;

    const rates = await measure(
      [
        {
          name: 'gRPC, bare grpc-js',
          run: () =>
            rateOf(n, loadGrpc(bare.port, INTROSPECT, introspectBody(repeated), ADMIN_HEADER, overGrpc(n))),
        },
        {
          name: 'gRPC, Redis, repeated token',
          run: () =>
            countedRate(server, ACTIVE, n, () =>
              loadGrpc(server.ports.grpc, INTROSPECT, introspectBody(repeated), ADMIN_HEADER, overGrpc(n)),
            ),
        },
        {
          name: 'gRPC, bare grpc-js + one verify',
          run: async () => {
            const bodies = await freshBodies();
            return (await loadGrpcEach(verifying.port, INTROSPECT, bodies, ADMIN_HEADER, isActive))
              .requestsPerSecond;
          },
        },
        {
          name: 'gRPC, Redis, fresh tokens',
          run: async () => {
            const bodies = await freshBodies();
            return (await loadGrpcEach(fresh.ports.grpc, INTROSPECT, bodies, ADMIN_HEADER, isActive))
              .requestsPerSecond;
          },
        },
        {
          name: 'HTTP, Redis, repeated token',
          run: () =>
            countedRate(server, ACTIVE, n, () =>
              loadForm(server.ports.http, '/oauth/introspect', form, ADMIN_HEADER, overHttp(n)),
            ),
        },
        {
          name: 'HTTP, oidc-provider, opaque, repeated token',
          run: () => rateOf(few, loadForm(oidc.port, '/token/introspection', their, {}, overHttp(few))),
        },
      ],
      stage.rounds,
      stage.progress,
    );
    return {
      figures: [
        ...[...rates].map(([name, values]) => figure(name, 'answers/s', values)),
        figure(
          'HTTP, Redis ÷ oidc-provider, repeated token',
          '×',
          ratiosOf(rates, 'HTTP, Redis, repeated token', 'HTTP, oidc-provider, opaque, repeated token'),
        ),
      ],
      verdicts: [
        verdict(
          'IntrospectToken, Redis, repeated ÷ bare grpc-js',
          '×',
          ratiosOf(rates, 'gRPC, Redis, repeated token', 'gRPC, bare grpc-js'),
          ['at least', 0.7, 0.85],
        ),
        verdict(
          'IntrospectToken, Redis, fresh ÷ bare grpc-js + one verify',
          '×',
          ratiosOf(rates, 'gRPC, Redis, fresh tokens', 'gRPC, bare grpc-js + one verify'),
          ['at least', 0.8, 0.95],
        ),
      ],
      notes: [
        'Fresh tokens are asked about by a client in Node, which takes a share of the two cores itself; its rates are to be compared with one another only.',
      ],
    };
  });

async function theirToken(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: issueForm(PEER_SECRET),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}
