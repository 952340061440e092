import type { Revocation } from './revocation.js';

/** Past this the oldest are let go, whatever their age: about 20 MB. */
const MOST_KEPT = 100_000;

/**
 * The changes that this server saw of late, whatever their epoch: what it can put back should a failover have lost
 * them. Of several about one client or token only the highest is kept.
 */
export class FeedTail {
  /** In the order in which they were last seen. */
  readonly #seen = new Map<string, { readonly revocation: Revocation; readonly monotonicMs: number }>();

  note(revocation: Revocation, monotonicMs: number): void {
    const name = nameOf(revocation);
    const known = this.#seen.get(name)?.revocation;
    this.#seen.delete(name);
    this.#seen.set(name, { revocation: higherOf(known, revocation), monotonicMs });
    if (this.#seen.size > MOST_KEPT) this.#drop(this.#seen.keys().next().value ?? name);
  }

  forgetBefore(monotonicMs: number): void {
    for (const [name, seen] of this.#seen) {
      if (seen.monotonicMs >= monotonicMs) return;
      this.#drop(name);
    }
  }

  all(): readonly Revocation[] {
    return [...this.#seen.values()].map(({ revocation }) => revocation);
  }

  #drop(name: string): void {
    this.#seen.delete(name);
  }
}

function nameOf(revocation: Revocation): string {
  switch (revocation.kind) {
    case 'client':
      return `c ${revocation.clientId}`;
    case 'token':
      return `t ${revocation.tokenId}`;
    case 'key':
      return `k ${revocation.keyId}`;
  }
}

function higherOf(known: Revocation | undefined, found: Revocation): Revocation {
  if (known?.kind === 'client' && found.kind === 'client')
    return known.generation > found.generation ? known : found;
  if (known?.kind === 'token' && found.kind === 'token')
    return known.forgetAtSeconds > found.forgetAtSeconds ? known : found;
  return found;
}
