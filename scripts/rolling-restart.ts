/**
 * Two servers on one Redis are restarted in turn, ten times, under load: gRPC callers behind grpc-js's own round robin
 * without a retry policy, HTTP callers on keep-alive connections behind a balancer that looks at /readyz, and verifiers
 * that follow the feed. Prints what every kind of caller got; ends with status 1 if a single call failed.
 *
 * Usage: npm run rolling-restart (takes about 40 s)
 */
import { Agent } from 'node:http';
import { credentials } from '@grpc/grpc-js';
import { createVerifier } from '../src/sdk/verifier.js';
import { TokenServiceClient } from '../src/wire/gen/countersign/v1/token_service.js';
import { basic, callUntil, introspectOverGrpc, issueOverGrpc, postForm, Tally } from './callers.js';
import { conclude, ISSUER, openStage, pause, registerClient, type StagedServer } from './stage.js';

const RESTARTS = 10;
const GRPC_CALLERS = 16;
const HTTP_CALLERS = 8;
const VERIFIERS = 4;
const PAUSE_MS = 5;
const SETTINGS = {
  COUNTERSIGN_DRAIN_GRACE_SECONDS: '1',
  // Connections are told to move all the time, beside the restarts.
  COUNTERSIGN_MAX_CONNECTION_AGE_SECONDS: '4',
  COUNTERSIGN_LOG_LEVEL: 'warn',
};

/** What stands before HTTP servers: it sends callers to those that say they are ready. */
function balance(servers: readonly StagedServer[]): { next(): StagedServer; close(): void } {
  let ready = [...servers];
  let turn = 0;
  const look = async (): Promise<void> => {
    const answers = await Promise.all(
      servers.map(async (server) => {
        const answer = await fetch(`${server.ops}/readyz`).catch(() => undefined);
        return answer?.status === 200;
      }),
    );
    ready = servers.filter((_, index) => answers[index]);
  };
  const timer = setInterval(() => void look(), 50);
  return {
    next: () => {
      turn += 1;
      return ready[turn % ready.length] ?? (servers[0] as StagedServer);
    },
    close: () => clearInterval(timer),
  };
}

const stage = await openStage();
try {
  // `listening` is logged at info, which the shows need and the load does not.
  const settings = { ...SETTINGS, COUNTERSIGN_LOG_LEVEL: 'info', COUNTERSIGN_LOG_CALLS_PER_SECOND: '1' };
  const servers = [await stage.server(settings), await stage.server(settings)];
  const [first] = servers as [StagedServer];
  const secret = await registerClient(first.grpc, 'worker');
  const auth = basic('worker', secret);

  const target = `ipv4:${servers.map(({ grpc }) => grpc).join(',')}`;
  const roundRobin = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  const client = new TokenServiceClient(target, credentials.createInsecure(), {
    'grpc.service_config': roundRobin,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 500,
  });
  const verifiers = Array.from({ length: VERIFIERS }, () =>
    createVerifier({
      address: servers.map(({ grpc }) => grpc),
      credentials: credentials.createInsecure(),
      issuer: ISSUER,
      audience: 'https://show.example',
      credential: { clientId: 'worker', clientSecret: secret },
    }),
  );
  await Promise.all(verifiers.map((verifier) => verifier.ready(10_000)));
  const balancer = balance(servers);

  const done = new AbortController();
  const tallies = {
    'IssueToken over gRPC': new Tally(),
    'IntrospectToken over gRPC': new Tally(),
    'POST /oauth/token': new Tally(),
    'verify offline': new Tally(),
  };
  const issued = await issueOverGrpc(client, 'worker', secret);
  const token = String(issued.body?.accessToken);
  let stalestMs = 0;
  const callers = [
    ...Array.from({ length: GRPC_CALLERS }, (_, index) =>
      index % 2 === 0
        ? callUntil(done.signal, tallies['IssueToken over gRPC'], PAUSE_MS, () =>
            issueOverGrpc(client, 'worker', secret),
          )
        : callUntil(done.signal, tallies['IntrospectToken over gRPC'], PAUSE_MS, () =>
            introspectOverGrpc(client, token, auth),
          ),
    ),
    ...Array.from({ length: HTTP_CALLERS }, () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      return callUntil(done.signal, tallies['POST /oauth/token'], PAUSE_MS, () =>
        postForm(
          `${balancer.next().http}/oauth/token`,
          { grant_type: 'client_credentials' },
          { auth, agent },
        ),
      ).finally(() => agent.destroy());
    }),
    ...verifiers.map((verifier) =>
      callUntil(done.signal, tallies['verify offline'], PAUSE_MS, async () => {
        stalestMs = Math.max(stalestMs, verifier.staleness());
        return verifier.verify(token).then(
          () => ({ outcome: 'OK' }),
          (error: Error) => ({ outcome: error.message }),
        );
      }),
    ),
  ];

  await pause(1000);
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    const server = servers[restart % servers.length] as StagedServer;
    const { status, stopMs } = await server.restart();
    console.log(`restart ${restart + 1}: ended with ${status} after ${(stopMs / 1000).toFixed(1)} s`);
    if (status !== 0) process.exitCode = 1;
    await pause(1000);
  }
  done.abort();
  await Promise.all(callers);
  balancer.close();
  client.close();
  for (const verifier of verifiers) verifier.close();

  for (const [kind, tally] of Object.entries(tallies)) console.log(`${kind}: ${tally}`);
  console.log(`stalest verifier: ${Math.round(stalestMs)} ms`);
  const failed = Object.values(tallies).reduce((sum, tally) => sum + tally.failed, 0);
  if (failed > 0) for (const server of servers) console.log(server.troubles().join('\n'));
  conclude(failed === 0, `${failed} failed calls over ${RESTARTS} restarts`);
} finally {
  await stage.close();
}
