/**
 * Shows how fast a revocation takes hold: two services that check tokens in their own process, a caller with a cached
 * token, and an operator who revokes the caller, over and over, each time another one.
 *
 * Counted is the time from the answer of RevokeClient to the answer of the last call that a service accepted. Fails
 * when one is accepted past the bound, or refused before its caller was revoked.
 *
 * Usage: npm run demo [-- --revocations 200] [--calls 200]
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createTokenSource } from '../../src/sdk/client.js';
import { conclude, ISSUER, openStage, pause } from '../stage.js';
import { makeOperator } from './operator.js';
import { OrdersCaller, type SeenCall } from './orders-caller.js';

const { values } = parseArgs({
  options: {
    revocations: { type: 'string', default: '200' },
    calls: { type: 'string', default: '200' },
  },
});
const revocations = Number(values.revocations);
const callsPerSecond = Number(values.calls);

/** A verifier may be behind by so much before it stops deciding alone: past it no call may be accepted. */
const BOUND_MS = 1500;
const AUDIENCE = 'https://orders.example';
/** Calls that each service has to accept before the revocation. */
const WARM_CALLS = 10;
/** How long both services have to refuse everything before a round is over. */
const QUIET_MS = 100;

const stage = await openStage();
const children: { kill(): boolean }[] = [];
try {
  const servers = await Promise.all([stage.server(), stage.server()]);
  const addresses = servers.map(({ grpc }) => grpc);
  const [first = ''] = addresses;
  const operator = makeOperator(first);
  const verifierSecret = await operator.register({
    clientId: 'orders',
    introspectionOnly: true,
    allowedScopes: ['countersign:introspect'],
    servesAudiences: [AUDIENCE],
  });
  const services = await Promise.all(addresses.map((address) => startService(address, verifierSecret)));

  const lastAccepted: number[] = [];
  let accepted = 0;
  let wronglyRefused = 0;
  for (let round = 1; round <= revocations; round += 1) {
    const seen = await revokeOne(`shop-${round}`);
    lastAccepted.push(seen.lastAcceptedMs);
    accepted += seen.accepted;
    wronglyRefused += seen.wronglyRefused;
    if (round % 50 === 0) console.log(`${round} revocations`);
  }
  operator.close();

  lastAccepted.sort((a, b) => a - b);
  const at = (share: number): number =>
    lastAccepted[Math.min(revocations - 1, Math.floor(revocations * share))] ?? 0;
  const [p50, p99, worst] = [at(0.5), at(0.99), at(1)];
  console.log(
    `${revocations} revocations of callers at ${callsPerSecond} calls a second; ${services.length} guarded services, each behind another server`,
  );
  console.log(
    `last accepted call after the answer of RevokeClient: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`,
  );
  console.log(`${accepted} calls accepted, ${wronglyRefused} refused before their caller was revoked`);
  conclude(
    worst <= BOUND_MS && wronglyRefused === 0,
    `no call is accepted later than ${BOUND_MS} ms after a revocation, and none refused before`,
  );

  /** One caller's life: from its first token until both services refuse it. */
  async function revokeOne(clientId: string) {
    const clientSecret = await operator.register({
      clientId,
      allowedScopes: ['orders:write'],
      defaultScopes: ['orders:write'],
      allowedAudiences: [AUDIENCE],
      defaultAudience: AUDIENCE,
    });
    const tokens = createTokenSource({ address: addresses, clientId, clientSecret });
    const caller = new OrdersCaller(services, tokens, callsPerSecond);
    caller.start();
    while (caller.accepted < WARM_CALLS) await pause(5);
    const revokedMs = performance.now();
    await operator.revoke(clientId);
    const answeredMs = performance.now();
    const isAccepted = ({ outcome }: SeenCall): boolean => outcome === 'OK';
    const lastMs = (): number =>
      Math.max(...caller.calls.filter(isAccepted).map(({ answeredMs }) => answeredMs));
    do await pause(10);
    while (performance.now() - Math.max(lastMs(), answeredMs) < QUIET_MS);
    caller.stop();
    tokens.close();
    return {
      lastAcceptedMs: Math.max(0, lastMs() - answeredMs),
      accepted: caller.calls.filter(isAccepted).length,
      wronglyRefused: caller.calls.filter((call) => !isAccepted(call) && call.answeredMs < revokedMs).length,
    };
  }
} finally {
  for (const child of children) child.kill();
  await stage.close();
}

/** Starts the guarded service of `scripts/example` as a process of its own; answers its address. */
async function startService(address: string, secret: string): Promise<string> {
  const file = fileURLToPath(new URL('../example/orders-service.mjs', import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { COUNTERSIGN_ADDRESS: address, COUNTERSIGN_ISSUER: ISSUER, ORDERS_CLIENT_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, port] = line.split(' ');
    if (word === 'listening') return `127.0.0.1:${port}`;
  }
  throw new Error('The service ended before it was listening.');
}
