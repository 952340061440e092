import { randomBytes } from 'node:crypto';
import type { ClientId, SecretId, TokenId } from '../domain/ids.js';
import type { Ids } from '../domain/ports.js';
import type { TimedClock } from '../domain/timers.js';

/** This machine's clocks. Their timers keep no process alive. */
export const systemClock: TimedClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

const POOL_BYTES = 4096;

/** Unguessable ids from the system's generator, drawn in bulk: one call for 16 bytes costs as much as one for 4096. */
export function makeRandomIds(): Ids {
  let pool = Buffer.alloc(0);
  let at = 0;

  const draw = (bytes: number): string => {
    if (at + bytes > pool.length) {
      pool = randomBytes(POOL_BYTES);
      at = 0;
    }
    const id = pool.toString('base64url', at, at + bytes);
    at += bytes;
    // One that began with a hyphen would pass for an option on any command line.
    return id.startsWith('-') ? draw(bytes) : id;
  };

  return {
    // 128 bits: a token id must not be guessable, since knowing it is enough for RevokeTokenById.
    tokenId: () => draw(16) as TokenId,
    clientId: () => `client-${draw(12)}` as ClientId,
    secretId: () => draw(6) as SecretId,
  };
}
