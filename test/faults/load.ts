import type { Arena } from './arena.js';
import type { Registered, Stubs } from './clients-under-test.js';

/** A token that was issued, with whom it belongs to. */
export interface IssuedToken {
  readonly clientId: string;
  readonly tokenId: string;
  readonly token: string;
}

/** Callers that run until they are stopped. */
export interface Load {
  readonly issued: IssuedToken[];
  /** How many calls have ended. */
  calls(): number;
  /** Lets what is under way end. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly callers?: number;
  /** Of 100 calls; the rest introspect. */
  readonly issuePercent?: number;
  readonly revokePercent?: number;
  /** Between two calls of one caller, in ms: two cores have room for the servers as well. */
  readonly pauseMs?: number;
}

/**
 * Callers in a closed loop, each call to a server of its choice: mostly introspection, some issuing, some revocation
 * (of a token nine times in ten, else of a client, which is reinstated some time later).
 */
export function startLoad(arena: Arena, options: LoadOptions = {}): Load {
  const { callers = 16, issuePercent = 30, revokePercent = 10, pauseMs = 2 } = options;
  const { recorder, random } = arena;
  const issued: IssuedToken[] = [];
  let running = true;
  let calls = 0;

  const issue = async (at: Stubs, client: Registered): Promise<void> => {
    await recorder.record({ kind: 'issue', at: at.name, clientId: client.clientId }, async () => {
      const { outcome, token, tokenId } = await at.issue(client);
      if (token === undefined || tokenId === undefined) return { outcome };
      issued.push({ clientId: client.clientId, tokenId, token });
      return { outcome, tokenId };
    });
  };

  const revoke = async (at: Stubs, { clientId, tokenId, token }: IssuedToken): Promise<void> => {
    if (random.below(10) > 0) {
      await recorder.record({ kind: 'revokeToken', at: at.name, clientId, tokenId }, () =>
        at.revokeToken(token),
      );
      return;
    }
    const kind = random.pick(['revokeClient', 'revokeClientTokens'] as const);
    await recorder.record({ kind, at: at.name, clientId }, () => at[kind](clientId));
    if (kind === 'revokeClient') {
      const other = random.pick(arena.stubs);
      await recorder.record({ kind: 'reinstateClient', at: other.name, clientId }, () =>
        other.reinstateClient(clientId),
      );
    }
  };

  const step = async (): Promise<void> => {
    const at = random.pick(arena.stubs);
    const choice = random.below(100);
    if (issued.length === 0 || choice < issuePercent) return issue(at, random.pick(arena.clients));
    // The latest ones above all: those are where a race could be.
    const recent = issued[Math.max(0, issued.length - 1 - random.below(200))];
    if (recent === undefined) return;
    if (choice < issuePercent + revokePercent) return revoke(at, recent);
    await introspect(arena, at, recent);
  };

  const caller = async (): Promise<void> => {
    while (running) {
      await step();
      calls += 1;
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));

  return {
    issued,
    calls: () => calls,
    stop: async () => {
      running = false;
      await all;
    },
  };
}

/** Asks one server about one token, for the record. */
export async function introspect(
  { recorder }: Arena,
  at: Stubs,
  { clientId, tokenId, token }: IssuedToken,
): Promise<void> {
  await recorder.record({ kind: 'introspect', at: at.name, clientId, tokenId }, () => at.introspect(token));
}

/** Asks every server about every token for the last time, once all harm is over; answers when it began. */
export async function finalPass(arena: Arena, issued: readonly IssuedToken[], most = 2000): Promise<number> {
  const began = performance.now();
  const tokens = issued.slice(-most);
  for (let start = 0; start < tokens.length; start += 32) {
    const chunk = tokens.slice(start, start + 32);
    for (const at of arena.stubs) await Promise.all(chunk.map((token) => introspect(arena, at, token)));
  }
  return began;
}
