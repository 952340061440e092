import { startRedis } from '../../../test/support/redis.js';
import {
  formIssueRate,
  ISSUE,
  issueBody,
  issueForm,
  issueRate,
  overGrpc,
  overHttp,
  rateOf,
  requireGoodTokens,
} from '../calls.js';
import { type Findings, figure, verdict } from '../figures.js';
import { loadForm, loadGrpc } from '../load.js';
import { ALL_CALLS_LOGGED, CLIENT_ID, registerClient, startOurServer } from '../our-server.js';
import { PEER_SECRET, startPeer } from '../processes.js';
import { measure, ratiosOf } from '../rounds.js';
import { type Stage, withThings } from '../stage.js';

/** Tokens by both doors, beside what a signature and the transport cost by themselves, and beside the peers. */
export const issue = (stage: Stage): Promise<Findings> =>
  withThings(async (add) => {
    const redis = await add(startRedis());
    const memory = await add(startOurServer('memory:'));
    const onRedis = await add(startOurServer(redis.url));
    const logging = await add(startOurServer('memory:', ALL_CALLS_LOGGED));
    const signing = await add(startPeer('ceiling-grpc.ts', 'sign'));
    const bare = await add(startPeer('ceiling-grpc.ts', 'none'));
    const fastify = await add(startPeer('ceiling-http.ts'));
    const opaque = await add(startPeer('peers/oidc-provider.mjs', 'opaque'));
    const jwt = await add(startPeer('peers/oidc-provider.mjs', 'jwt'));
    const oauth2 = await add(startPeer('peers/oauth2-server.mjs'));
    const secrets = {
      memory: await registerClient(memory, CLIENT_ID),
      redis: await registerClient(onRedis, CLIENT_ID),
      logging: await registerClient(logging, CLIENT_ID),
    };
    const n = stage.count(15_000, 600);
    const few = stage.count(3_000, 200);
    const overPlainGrpc = (port: number) => () =>
      rateOf(n, loadGrpc(port, ISSUE, issueBody(secrets.redis), {}, overGrpc(n)));
    const overPlainHttp = (port: number, path: string, count: number) => () =>
      rateOf(count, loadForm(port, path, issueForm(PEER_SECRET), {}, overHttp(count)));

    const rates = await measure(
      [
        { name: 'gRPC, bare grpc-js', run: overPlainGrpc(bare.port) },
        { name: 'gRPC, bare grpc-js + one signature', run: overPlainGrpc(signing.port) },
        { name: 'gRPC, memory', run: () => issueRate(memory, secrets.memory, n) },
        { name: 'gRPC, memory, every call logged', run: () => issueRate(logging, secrets.logging, n) },
        { name: 'gRPC, Redis', run: () => issueRate(onRedis, secrets.redis, n) },
        { name: 'HTTP, bare Fastify + one signature', run: overPlainHttp(fastify.port, '/oauth/token', n) },
        { name: 'HTTP, memory', run: () => formIssueRate(memory, secrets.memory, n) },
        { name: 'HTTP, Redis', run: () => formIssueRate(onRedis, secrets.redis, n) },
        { name: 'HTTP, oidc-provider, opaque', run: overPlainHttp(opaque.port, '/token', few) },
        { name: 'HTTP, oidc-provider, EdDSA JWT', run: overPlainHttp(jwt.port, '/token', few) },
        { name: 'HTTP, oauth2-server, opaque', run: overPlainHttp(oauth2.port, '/token', few) },
      ],
      stage.rounds,
      stage.progress,
    );
    await requireGoodTokens(memory, secrets.memory);
    await requireGoodTokens(onRedis, secrets.redis);

    const ratios = (of: string, to: string) => ratiosOf(rates, of, to);
    const ceiling = 'gRPC, bare grpc-js + one signature';
    return {
      figures: [
        ...[...rates].map(([name, values]) => figure(name, 'tokens/s', values)),
        figure('gRPC, memory ÷ bare grpc-js', '×', ratios('gRPC, memory', 'gRPC, bare grpc-js')),
        figure('gRPC, Redis ÷ bare grpc-js', '×', ratios('gRPC, Redis', 'gRPC, bare grpc-js')),
        figure(
          'gRPC, memory, every call logged ÷ ceiling',
          '×',
          ratios('gRPC, memory, every call logged', ceiling),
        ),
        figure(
          'HTTP, Redis ÷ oauth2-server, opaque',
          '×',
          ratios('HTTP, Redis', 'HTTP, oauth2-server, opaque'),
        ),
        figure(
          'HTTP, Redis ÷ oidc-provider, opaque',
          '×',
          ratios('HTTP, Redis', 'HTTP, oidc-provider, opaque'),
        ),
      ],
      verdicts: [
        verdict('IssueToken, memory ÷ ceiling', '×', ratios('gRPC, memory', ceiling), [
          'at least',
          0.85,
          0.95,
        ]),
        verdict('IssueToken, Redis ÷ ceiling', '×', ratios('gRPC, Redis', ceiling), ['at least', 0.78, 0.9]),
        verdict(
          'POST /oauth/token, Redis ÷ bare Fastify + one signature',
          '×',
          ratios('HTTP, Redis', 'HTTP, bare Fastify + one signature'),
          ['at least', 0.75, 0.9],
        ),
        verdict(
          'POST /oauth/token, Redis ÷ oidc-provider, EdDSA JWT',
          '×',
          ratios('HTTP, Redis', 'HTTP, oidc-provider, EdDSA JWT'),
          ['at least', 2, 3],
        ),
      ],
      notes: [
        'The ceiling is bare grpc-js with one asynchronous Ed25519 signature for each call.',
        'The access log is on: at its default of 200 lines a second, and without that bound where it says that every call is logged.',
      ],
    };
  });
