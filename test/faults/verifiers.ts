import { createVerifier, type Verifier, VerifyError } from '../../src/sdk/verifier.js';
import type { StalePolicy } from '../../src/sdk/verifier-options.js';
import { ADMIN, type Arena, ISSUER } from './arena.js';
import { AUDIENCE } from './clients-under-test.js';
import type { Outcome } from './history.js';
import type { IssuedToken } from './load.js';

/** Services that follow the feed and check tokens by themselves, for the record. */
export interface VerifierCrew {
  readonly verifiers: readonly Verifier[];
  /** How many tokens have been checked. */
  checks(): number;
  /** How many times a verifier stopped being fresh. */
  stalls(): number;
  stop(): Promise<void>;
}

export interface CrewOptions {
  readonly count?: number;
  /** The servers' own addresses by default, each verifier beginning with another. */
  readonly addressesFor?: (verifier: number, servers: readonly string[]) => readonly string[];
  readonly onStale?: StalePolicy;
  /** Checks of each verifier, per second. */
  readonly perSecond?: number;
}

const TICK_MS = 20;

/** Starts verifiers, each of which checks the latest tokens over and over; settles once all are ready. */
export async function startVerifiers(
  arena: Arena,
  issued: readonly IssuedToken[],
  options: CrewOptions = {},
): Promise<VerifierCrew> {
  const { count = 2, onStale = 'introspect', perSecond = 100 } = options;
  const addressesFor = options.addressesFor ?? ((index, servers) => inTurn(servers, index));
  let running = true;
  let checks = 0;
  let stalls = 0;

  const verifiers = Array.from({ length: count }, (_, index) => {
    const verifier = createVerifier({
      address: addressesFor(index, arena.addresses),
      issuer: ISSUER,
      audience: AUDIENCE,
      credential: { clientId: ADMIN.id, clientSecret: ADMIN.secret },
      onStale,
    });
    verifier.on('stale', () => {
      stalls += 1;
    });
    return verifier;
  });
  await Promise.all(verifiers.map((verifier) => verifier.ready(20_000)));

  const check = async (verifier: Verifier, index: number): Promise<void> => {
    const one = issued[Math.max(0, issued.length - 1 - arena.random.below(200))];
    if (one === undefined) return;
    const { clientId, tokenId, token } = one;
    checks += 1;
    await arena.recorder.record({ kind: 'verify', at: `verifier-${index}`, clientId, tokenId }, async () => ({
      outcome: await outcomeOf(verifier, token, (text) => arena.witness?.hear(`refusals of verifiers`, text)),
    }));
  };
  const follow = async (verifier: Verifier, index: number): Promise<void> => {
    while (running) {
      const share = Math.max(1, Math.round((perSecond * TICK_MS) / 1000));
      await Promise.all(Array.from({ length: share }, () => check(verifier, index)));
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  };
  const all = Promise.all(verifiers.map(follow));
  return {
    verifiers,
    checks: () => checks,
    stalls: () => stalls,
    stop: async () => {
      running = false;
      await all;
      for (const verifier of verifiers) verifier.close();
    },
  };
}

async function outcomeOf(verifier: Verifier, token: string, say: (text: string) => void): Promise<Outcome> {
  try {
    await verifier.verify(token);
    return { kind: 'ok', verdict: 'active' };
  } catch (err) {
    say(String(err));
    if (!(err instanceof VerifyError)) return { kind: 'refused', code: String(err) };
    if (err.code === 'temporarily_unavailable') return { kind: 'unknown', why: err.reason };
    return { kind: 'ok', verdict: 'inactive' };
  }
}

/** The same addresses, beginning with another. */
const inTurn = (addresses: readonly string[], first: number): readonly string[] =>
  addresses.map((_, index) => addresses[(index + first) % addresses.length] ?? '');
