import type { Admit } from './admit.js';
import type { Call, Caller } from './call.js';
import { AuthError } from './errors.js';
import type { FeedListener } from './feed-hub.js';
import type { Revocation } from './revocation.js';
import type { TimedClock } from './timers.js';

/** An admission that is looked after until it is released. */
export interface Standing {
  readonly caller: Caller;
  release(): void;
}

/**
 * Admits a caller to a call that goes on, as {@link Admit} does, and tells it when it may stay no longer. Fails as
 * `Admit` does; `onEnd` is called at most once, and never after `release`.
 */
export type HoldAdmission = (rpc: string, call: Call, onEnd: (why: AuthError) => void) => Promise<Standing>;

/** What a change of scopes, a secret's end or a token's expiry takes at most to end a stream. */
const CHECK_EVERY_MS = 30_000;

/**
 * No stream may outlive the right to it. Each caller is admitted anew every half minute, and at once when the feed
 * tells of a revocation that could concern it. A refusal then ends the stream with the same words as a new call would
 * hear; an expired token ends it with `temporarily_unavailable`, so that the caller comes again with a fresh one. While
 * the store cannot tell, the stream goes on: what it carries says by itself how old it is.
 */
export function makeHoldAdmission(room: {
  readonly admit: Admit;
  readonly feed: { subscribe(listener: FeedListener): () => void };
  readonly clock: TimedClock;
  readonly random?: () => number;
}): HoldAdmission {
  const { admit, feed, clock, random = Math.random } = room;
  const held = new Set<Held>();
  feed.subscribe({
    changed: (revocation) => {
      for (const one of held) one.heard(revocation);
    },
    began: () => undefined,
  });

  return async (rpc, call, onEnd) => {
    const one = new Held({ admit: () => admit(rpc, call), clock, random, onEnd });
    held.add(one);
    const release = (): void => {
      held.delete(one);
      one.release();
    };
    try {
      return { caller: await one.start(), release };
    } catch (error) {
      release();
      throw error;
    }
  };
}

class Held {
  readonly #admit: () => Promise<Caller>;
  readonly #clock: TimedClock;
  readonly #random: () => number;
  readonly #onEnd: (why: AuthError) => void;
  #caller: Caller | undefined;
  /** What was told while the first admission was under way: it may have looked before that happened. */
  readonly #early: Revocation[] = [];
  #isChecking = false;
  #checkAgain = false;
  #over = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: {
    admit: () => Promise<Caller>;
    clock: TimedClock;
    random: () => number;
    onEnd: (why: AuthError) => void;
  }) {
    this.#admit = options.admit;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onEnd = options.onEnd;
  }

  async start(): Promise<Caller> {
    const caller = await this.#admit();
    this.#caller = caller;
    this.#schedule();
    for (const revocation of this.#early.splice(0)) this.heard(revocation);
    return caller;
  }

  heard(revocation: Revocation): void {
    if (this.#caller === undefined) this.#early.push(revocation);
    else if (concerns(revocation, this.#caller)) void this.#check();
  }

  release(): void {
    this.#over = true;
    this.#cancelTimer();
  }

  #schedule(): void {
    if (this.#over) return;
    this.#cancelTimer = this.#clock.after(CHECK_EVERY_MS * (0.8 + this.#random() / 5), () => {
      this.#schedule();
      void this.#check();
    });
  }

  async #check(): Promise<void> {
    this.#checkAgain = this.#isChecking;
    if (this.#isChecking) return;
    const expiresAtMs = this.#caller?.bearer?.expiresAtMs ?? Number.POSITIVE_INFINITY;
    if (this.#clock.now() >= expiresAtMs) return this.#end(expired());
    this.#isChecking = true;
    try {
      await this.#admit();
    } catch (error) {
      if (error instanceof AuthError && REFUSALS.has(error.code)) this.#end(error);
    } finally {
      this.#isChecking = false;
    }
    if (this.#checkAgain) await this.#check();
  }

  #end(why: AuthError): void {
    if (this.#over) return;
    this.release();
    this.#onEnd(why);
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['invalid_client', 'invalid_token', 'insufficient_scope']);

const expired = (): AuthError =>
  new AuthError('temporarily_unavailable', 'The access token has expired: resume with a fresh one.');

function concerns(revocation: Revocation, caller: Caller): boolean {
  switch (revocation.kind) {
    case 'client':
      return revocation.clientId === caller.clientId;
    case 'token':
      return revocation.tokenId === caller.bearer?.tokenId;
    case 'key':
      return caller.bearer !== undefined;
  }
}
