import type { ClientId, Generation, KeyId, TokenId } from '../../domain/ids.js';
import { FeedBroken } from '../../domain/ports.js';
import type { Revocation } from '../../domain/revocation.js';

/** The id of a feed entry; a stream that was never written to ends at `0-1`, the entry of its founding. */
export const entryIdOf = (sequence: number): string => (sequence === 0 ? '0-1' : `${sequence}-0`);

/** The sequence of a feed entry. */
export const sequenceOf = (entryId: string): number => Number.parseInt(entryId, 10);

/** An entry of the stream as Redis answers it. */
export type StreamEntry = readonly [id: string, fields: readonly string[]];

/** What the scripts publish: `c` client and `g` generation, `t` token and `f` when to forget it, or `k` key. */
export function revocationFromEntry([id, fields]: StreamEntry): Revocation {
  const [kind, subject = '', , value] = fields;
  switch (kind) {
    case 'c':
      return {
        kind: 'client',
        clientId: subject as ClientId,
        generation: wholeFrom(value, id) as Generation,
      };
    case 't':
      return { kind: 'token', tokenId: subject as TokenId, forgetAtSeconds: wholeFrom(value, id) };
    case 'k':
      return { kind: 'key', keyId: subject as KeyId };
    default:
      throw new FeedBroken(`The feed has an entry at ${id} that this version does not know.`);
  }
}

/** To a reader that compares, anything but a whole number would mean that nothing is revoked. */
function wholeFrom(value: string | undefined, id: string): number {
  const whole = /^\d{1,16}$/.test(value ?? '') ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(whole)) throw new FeedBroken(`The feed has a damaged entry at ${id}.`);
  return whole;
}

/** A field of `XINFO STREAM`, which answers names and values in turn. */
export function streamInfo(reply: unknown, field: 'last-generated-id' | 'first-entry'): unknown {
  const info = reply as readonly unknown[];
  return info[info.indexOf(field) + 1];
}
