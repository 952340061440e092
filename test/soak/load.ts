import type { Arena } from '../faults/arena.js';
import type { Registered } from '../faults/clients-under-test.js';
import type { IssuedToken } from '../faults/load.js';
import type { Door } from './doors.js';

/** Of a thousand calls; the rest introspect. */
const MIX = { issue: 350, revokeToken: 45, revokeClient: 5, rotate: 5, nuisance: 10 };
/** How long a secret lives on beside its successor: longer than any stretch. */
const OVERLAP_SECONDS = 3600;
/** Those who are asked about: the latest, because those are where a race could be. */
const LATEST = 200;
/** Behind by more than this, callers leave the rest out: what they could not do in time is not made up for. */
const MOST_BEHIND_MS = 100;

/** Callers that make so many calls and no more. */
export interface SoakLoad {
  readonly issued: IssuedToken[];
  /** Settles when all calls have ended. */
  readonly done: Promise<void>;
}

export interface SoakLoadOptions {
  readonly doors: readonly Door[];
  readonly calls: number;
  /** Undefined: as many as go. */
  readonly perSecond: number | undefined;
  readonly callers: number;
  /** Does what no honest caller would, and settles; counts as a call. */
  readonly nuisance: () => Promise<void>;
}

/** Begins calling: mostly introspection, much issuing, some revocation, secrets that change, and one rude call in 100. */
export function startSoakLoad(arena: Arena, options: SoakLoadOptions): SoakLoad {
  const { doors, perSecond, callers, nuisance } = options;
  const { recorder, random } = arena;
  const issued: IssuedToken[] = [];
  let left = options.calls;
  let nextMs = performance.now();

  const issue = async (door: Door, client: Registered): Promise<void> => {
    const { clientId } = client;
    await recorder.record({ kind: 'issue', at: door.name, clientId }, async () => {
      const { outcome, token, tokenId } = await door.issue(client);
      if (token === undefined || tokenId === undefined) return { outcome };
      issued.push({ clientId, tokenId, token });
      return { outcome, tokenId };
    });
  };

  const revokeClient = async (clientId: string): Promise<void> => {
    const at = random.pick(arena.stubs);
    const kind = random.pick(['revokeClient', 'revokeClientTokens'] as const);
    await recorder.record({ kind, at: at.name, clientId }, () => at[kind](clientId));
    if (kind === 'revokeClientTokens') return;
    // Until it is known to be: one that stayed revoked would only be refused for the rest of the time.
    for (let reinstated = false; !reinstated; ) {
      const other = random.pick(arena.stubs);
      const outcome = await recorder.record({ kind: 'reinstateClient', at: other.name, clientId }, () =>
        other.reinstateClient(clientId),
      );
      reinstated = outcome.kind === 'ok';
      if (!reinstated) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  const rotate = async (): Promise<void> => {
    const place = random.below(arena.clients.length);
    const client = arena.clients[place];
    if (client === undefined) return;
    const { secret } = await random.pick(arena.stubs).rotateSecret(client, OVERLAP_SECONDS);
    if (secret !== undefined) arena.clients[place] = { ...client, secret };
  };

  const call = async (): Promise<void> => {
    const door = random.pick(doors);
    const token = issued[Math.max(0, issued.length - 1 - random.below(LATEST))];
    let choice = random.below(1000);
    const isIn = (share: number): boolean => {
      choice -= share;
      return choice < 0;
    };
    if (token === undefined || isIn(MIX.issue)) return issue(door, random.pick(arena.clients));
    const { clientId, tokenId } = token;
    if (isIn(MIX.revokeToken)) {
      await recorder.record({ kind: 'revokeToken', at: door.name, clientId, tokenId }, () =>
        door.revokeToken(token.token),
      );
    } else if (isIn(MIX.revokeClient)) await revokeClient(clientId);
    else if (isIn(MIX.rotate)) await rotate();
    else if (isIn(MIX.nuisance)) await nuisance();
    else {
      await recorder.record({ kind: 'introspect', at: door.name, clientId, tokenId }, () =>
        door.introspect(token.token),
      );
    }
  };

  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      if (perSecond !== undefined) {
        const now = performance.now();
        nextMs = Math.max(nextMs + 1000 / perSecond, now - MOST_BEHIND_MS);
        if (nextMs > now) await new Promise((resolve) => setTimeout(resolve, nextMs - now));
      }
      await call();
    }
  };
  return { issued, done: Promise.all(Array.from({ length: callers }, caller)).then(() => undefined) };
}
