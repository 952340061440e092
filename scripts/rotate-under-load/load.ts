import { type Verifier, VerifyError } from '../../src/sdk/verifier.js';
import { claimsOf, keyIdOf } from '../../test/support/connection.js';
import { anyOf, type Fleet, type FleetServer } from './fleet.js';
import type { Signed } from './key-history.js';

/** A token with what is needed to judge it. */
export interface IssuedToken extends Signed {
  readonly by: FleetServer;
  readonly expiresMs: number;
}

/** A token that was refused though it was good. */
export interface Refusal {
  readonly by: string;
  readonly reason: string;
  readonly keyId: string;
  readonly ageMs: number;
}

export interface Tally {
  readonly issued: IssuedToken[];
  readonly refused: Refusal[];
  introspected: number;
  verified: number;
  /** Calls without an answer, or with UNAVAILABLE: what is expected of a stopped server. */
  unanswered: number;
}

/** Loops at each server and verifier, each with one call under way. */
const ISSUING = 3;
const INTROSPECTING = 3;
const VERIFYING = 2;
/** Long enough for what a stopped server had begun to be told once it goes on. */
const ISSUE_DEADLINE_MS = 15_000;
const ASK_DEADLINE_MS = 2000;

interface Living {
  readonly token: string;
  readonly facts: IssuedToken;
}

/**
 * Issues at every server, verifies each token at once, and goes on asking about tokens of any age at every server and
 * verifier, until told to stop.
 */
export function startLoad({ servers, verifiers, client }: Fleet): {
  readonly tally: Tally;
  stop(): Promise<void>;
} {
  const tally: Tally = { issued: [], refused: [], introspected: 0, verified: 0, unanswered: 0 };
  let living: Living[] = [];
  let running = true;

  async function issue(by: FleetServer): Promise<void> {
    const askedMs = Date.now();
    const token = await by.issuing.issue(client, ISSUE_DEADLINE_MS);
    const expiresMs = Date.parse(String(claimsOf(token).exp));
    const facts = { by, askedMs, answeredMs: Date.now(), keyId: keyIdOf(token), expiresMs };
    tally.issued.push(facts);
    living.push({ token, facts });
    await verify(anyOf(verifiers), { token, facts });
  }

  async function verify(verifier: Verifier, { token, facts }: Living): Promise<void> {
    try {
      await verifier.verify(token);
      tally.verified += 1;
    } catch (err) {
      if (!(err instanceof VerifyError) || err.code !== 'invalid_token') throw err;
      note('a verifier', err.reason, facts);
    }
  }

  async function introspect({ asking }: FleetServer, { token, facts }: Living): Promise<void> {
    const active = await asking.isActive(token, ASK_DEADLINE_MS);
    tally.introspected += 1;
    if (!active) note('introspection', 'inactive', facts);
  }

  /** Whoever is refused just as the token ends has no complaint. */
  function note(by: string, reason: string, { keyId, askedMs, expiresMs }: IssuedToken): void {
    if (Date.now() < expiresMs) tally.refused.push({ by, reason, keyId, ageMs: Date.now() - askedMs });
  }

  async function askAboutOne(check: (one: Living) => Promise<void>): Promise<void> {
    const one = living[Math.floor(Math.random() * living.length)];
    if (one !== undefined && one.facts.expiresMs > Date.now()) await check(one);
    else await pause(1);
  }

  /** Goes on and on; what cannot be answered is counted and tried again. */
  async function loop(step: () => Promise<void>): Promise<void> {
    while (running) {
      await step().catch(async () => {
        tally.unanswered += 1;
        await pause(50);
      });
      await pause(0);
    }
  }

  const forget = setInterval(() => {
    living = living.filter(({ facts }) => facts.expiresMs > Date.now());
  }, 100);
  const loops = [
    ...servers.flatMap((server) => [
      ...times(ISSUING, () => loop(() => issue(server))),
      ...times(INTROSPECTING, () => loop(() => askAboutOne((one) => introspect(server, one)))),
    ]),
    ...verifiers.flatMap((verifier) =>
      times(VERIFYING, () => loop(() => askAboutOne((one) => verify(verifier, one)))),
    ),
  ];
  return {
    tally,
    stop: async () => {
      running = false;
      await Promise.all(loops);
      clearInterval(forget);
    },
  };
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
