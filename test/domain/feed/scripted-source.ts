import { temporarilyUnavailable } from '../../../src/domain/errors.js';
import { FeedBroken, type FeedPosition, type FeedSink, type FeedSource } from '../../../src/domain/ports.js';
import type { Revocation } from '../../../src/domain/revocation.js';
import type { TimedClock } from '../../../src/domain/timers.js';

interface Following {
  readonly sink: FeedSink;
  readonly epoch: string;
  /** The sequence of the last change that it was told. */
  told: number;
  readonly end: (why: unknown) => void;
}

/**
 * A store's feed as a script: whatever can happen to one, on demand. The ledger is kept by maximum, as the real ones
 * keep it. Nothing is confirmed unless told to, or while `confirmsAtOnce`.
 */
export class ScriptedSource implements FeedSource {
  readonly #clock: TimedClock;
  readonly #ledger = new Map<string, Revocation>();
  readonly #followings = new Set<Following>();
  #history: Revocation[] = [];
  #trimmed = 0;
  #epoch = 1;
  isUp = true;
  confirmsAtOnce = true;
  /** While true, those who follow hear nothing, neither of changes nor of another epoch; whoever asks is answered. */
  isSlow = false;
  partLength = 3;
  /** Held back parts wait for this. */
  gate: Promise<void> | undefined;
  /** How often each was asked for. */
  readonly asked = { snapshots: 0, parts: 0, follows: 0, merges: 0 };

  constructor(clock: TimedClock) {
    this.#clock = clock;
  }

  get position(): FeedPosition {
    return { epoch: `e${this.#epoch}`, sequence: this.#trimmed + this.#history.length };
  }

  get readers(): number {
    return this.#followings.size;
  }

  /** What a verifier must know, by name of what is revoked. */
  get ledger(): ReadonlyMap<string, Revocation> {
    return new Map(this.#ledger);
  }

  tell(...revocations: Revocation[]): void {
    for (const revocation of revocations) {
      this.#ledger.set(nameOf(revocation), revocation);
      this.#history.push(revocation);
    }
    this.#catchUp();
  }

  confirm(): void {
    this.#catchUp();
    if (this.isSlow) return;
    for (const { sink } of [...this.#followings]) sink.confirmed(this.#clock.monotonic());
  }

  /** It no longer answers. */
  goDown(): void {
    this.isUp = false;
    for (const { end } of [...this.#followings]) end(temporarilyUnavailable());
  }

  comeBack(): void {
    this.isUp = true;
  }

  /** Fails over to a copy that lacks the last changes. The sequences of those are used again. */
  failOver(lost = 0): void {
    this.#epoch += 1;
    const kept = this.#history.slice(0, Math.max(0, this.#history.length - lost));
    const gone = this.#history.slice(kept.length);
    this.#history = kept;
    for (const revocation of gone) this.#ledger.delete(nameOf(revocation));
    for (const revocation of kept) this.#keep(revocation);
    this.#catchUp();
  }

  /** Forgets all but the newest changes; the ledger stays. */
  trim(kept: number): void {
    const dropped = Math.max(0, this.#history.length - kept);
    this.#history.splice(0, dropped);
    this.#trimmed += dropped;
  }

  async snapshot() {
    this.asked.snapshots += 1;
    await undefined;
    this.#requireUp();
    return { position: this.position, parts: this.#parts([...this.#ledger.values()]) };
  }

  follow(from: FeedPosition, sink: FeedSink, signal: AbortSignal): Promise<never> {
    this.asked.follows += 1;
    return new Promise<never>((_, reject) => {
      signal.throwIfAborted();
      this.#requireUp();
      if (
        from.epoch !== this.position.epoch ||
        from.sequence > this.position.sequence ||
        from.sequence < this.#trimmed
      ) {
        throw new FeedBroken('no such position');
      }
      const following: Following = {
        sink,
        epoch: from.epoch,
        told: from.sequence,
        end: (why) => {
          this.#followings.delete(following);
          reject(why);
        },
      };
      this.#followings.add(following);
      signal.addEventListener('abort', () => following.end(signal.reason), { once: true });
      this.#tellMissed(following);
    });
  }

  async merge(revocations: readonly Revocation[]): Promise<void> {
    this.asked.merges += 1;
    await undefined;
    this.#requireUp();
    for (const revocation of revocations) {
      if (this.#keep(revocation)) this.tell(revocation);
    }
  }

  #catchUp(): void {
    if (this.isSlow) return;
    for (const following of [...this.#followings]) this.#tellMissed(following);
  }

  #tellMissed(following: Following): void {
    const { epoch, sequence } = this.position;
    try {
      if (following.epoch !== epoch || following.told < this.#trimmed) throw new FeedBroken('cannot go on');
      while (following.told < sequence) {
        const missed = this.#history[following.told - this.#trimmed];
        following.told += 1;
        if (missed !== undefined) following.sink.change(following.told, missed);
      }
      if (this.confirmsAtOnce) following.sink.confirmed(this.#clock.monotonic());
    } catch (why) {
      following.end(why);
    }
  }

  /** Takes in by maximum; answers whether it was new. */
  #keep(revocation: Revocation): boolean {
    const name = nameOf(revocation);
    const known = this.#ledger.get(name);
    if (known !== undefined && rankOf(known) >= rankOf(revocation)) return false;
    this.#ledger.set(name, revocation);
    return true;
  }

  async *#parts(entries: readonly Revocation[]): AsyncGenerator<readonly Revocation[]> {
    for (let start = 0; start < entries.length; start += this.partLength) {
      await this.gate;
      this.#requireUp();
      this.asked.parts += 1;
      yield entries.slice(start, start + this.partLength);
    }
  }

  #requireUp(): void {
    if (!this.isUp) throw temporarilyUnavailable();
  }
}

export function nameOf(revocation: Revocation): string {
  switch (revocation.kind) {
    case 'client':
      return `client ${revocation.clientId}`;
    case 'token':
      return `token ${revocation.tokenId}`;
    case 'key':
      return `key ${revocation.keyId}`;
  }
}

export function rankOf(revocation: Revocation): number {
  switch (revocation.kind) {
    case 'client':
      return revocation.generation;
    case 'token':
      return revocation.forgetAtSeconds;
    case 'key':
      return 1;
  }
}
