import type { Revocation } from '../wire/gen/countersign/v1/token_service.js';

/** Ids looked at in one step of forgetting, so that a large ledger never holds up the calls being checked. */
const FORGET_STEP = 5000;

/**
 * What a verifier has learnt of the ledger. It only grows, merging by maximum, whatever order the entries come in:
 * generations and keys are held for good, token ids until the ledger itself may forget them.
 */
export class LedgerReplica {
  readonly #generations = new Map<string, number>();
  readonly #tokens = new Map<string, number>();
  /** The ids to look at once a minute (since 1970) has passed. An id whose time was raised stands in two. */
  readonly #byMinute = new Map<number, string[]>();
  readonly #keys = new Set<string>();
  #forgottenThroughSeconds = 0;

  /** Takes in one entry; false for a kind that this version does not know, which is then not in the replica. */
  merge({ kind }: Revocation): boolean {
    switch (kind?.$case) {
      case 'clientGeneration': {
        const { clientId, generation } = kind.value;
        if (generation > this.generationOf(clientId)) this.#generations.set(clientId, generation);
        return true;
      }
      case 'token':
        this.#mergeToken(kind.value.tokenId, kind.value.forgetAtSeconds);
        return true;
      case 'key':
        this.#keys.add(kind.value.keyId);
        return true;
      default:
        return false;
    }
  }

  /** The client's generation; 0 where it was never revoked. */
  generationOf(clientId: string): number {
    return this.#generations.get(clientId) ?? 0;
  }

  isTokenRevoked(tokenId: string): boolean {
    return this.#tokens.has(tokenId);
  }

  isKeyRevoked(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /**
   * Entries to be held until this moment may be gone. Should the clock be set back, tokens that ended before it must
   * not come alive again: the entry that killed one may be forgotten.
   */
  get forgottenThroughSeconds(): number {
    return this.#forgottenThroughSeconds;
  }

  /** Drops token ids whose time is past, a bounded number in each call; true when there is more to do. */
  forget(nowSeconds: number): boolean {
    const minuteNow = Math.floor(nowSeconds / 60);
    for (const [minute, ids] of this.#byMinute) {
      if (minute >= minuteNow) continue;
      this.#forgottenThroughSeconds = Math.max(this.#forgottenThroughSeconds, (minute + 1) * 60);
      for (const id of ids.splice(-FORGET_STEP)) {
        const forgetAt = this.#tokens.get(id);
        if (forgetAt !== undefined && minuteOf(forgetAt) <= minute) this.#tokens.delete(id);
      }
      if (ids.length > 0) return true;
      this.#byMinute.delete(minute);
    }
    return false;
  }

  get sizes(): { readonly clients: number; readonly tokens: number; readonly keys: number } {
    return { clients: this.#generations.size, tokens: this.#tokens.size, keys: this.#keys.size };
  }

  #mergeToken(tokenId: string, forgetAtSeconds: number): void {
    const known = this.#tokens.get(tokenId);
    if (known !== undefined && known >= forgetAtSeconds) return;
    this.#tokens.set(tokenId, forgetAtSeconds);
    if (known !== undefined && minuteOf(known) === minuteOf(forgetAtSeconds)) return;
    const ids = this.#byMinute.get(minuteOf(forgetAtSeconds));
    if (ids === undefined) this.#byMinute.set(minuteOf(forgetAtSeconds), [tokenId]);
    else ids.push(tokenId);
  }
}

const minuteOf = (seconds: number): number => Math.floor(seconds / 60);
