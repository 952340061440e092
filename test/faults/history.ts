/**
 * What was done to the service and what it said, as it was seen from outside: the checker judges from this alone.
 * Times are this process's own, monotonic, in ms.
 */
export type Verdict = 'active' | 'inactive';

/** How a call ended. A time-out or a lost connection is `unknown`: it may have taken effect or not. */
export type Outcome =
  | { readonly kind: 'ok'; readonly verdict?: Verdict }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unknown'; readonly why: string };

interface Common {
  readonly id: number;
  /** The server or verifier that was asked. */
  readonly at: string;
  readonly clientId: string;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly outcome: Outcome;
}

export type Operation = Common &
  (
    | { readonly kind: 'issue'; readonly tokenId?: string }
    | { readonly kind: 'introspect' | 'verify'; readonly tokenId: string }
    | { readonly kind: 'revokeToken'; readonly tokenId: string }
    | { readonly kind: 'revokeClient' | 'revokeClientTokens' | 'reinstateClient' }
  );

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** An operation as its caller knows it before it is sent. */
export type Intent = DistributiveOmit<Operation, 'id' | 'sentMs' | 'answeredMs' | 'outcome'>;

/** When the service was harmed, so that what it then refused can be judged. */
export interface FaultWindow {
  readonly what: string;
  readonly fromMs: number;
  toMs: number;
}

export interface History {
  readonly seed: number;
  readonly operations: readonly Operation[];
  readonly faults: readonly FaultWindow[];
}

/** Records operations as they end, in the order in which they end. */
export class Recorder {
  readonly #operations: Operation[] = [];
  readonly #faults: FaultWindow[] = [];
  readonly #seed: number;
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Runs a call and records it; the call answers how it ended and never rejects. */
  async record(
    intent: Intent,
    call: () => Promise<{ readonly outcome: Outcome; readonly tokenId?: string }>,
  ): Promise<Outcome> {
    this.#count += 1;
    const id = this.#count;
    const sentMs = performance.now();
    const { outcome, tokenId } = await call();
    const answeredMs = performance.now();
    const issued = tokenId === undefined ? {} : { tokenId };
    this.#operations.push({ ...intent, ...issued, id, sentMs, answeredMs, outcome } as Operation);
    return outcome;
  }

  /** Marks a time of harm; answers how to end it. */
  harm(what: string): () => void {
    const window: FaultWindow = { what, fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    this.#faults.push(window);
    return () => {
      window.toMs = performance.now();
    };
  }

  history(): History {
    return { seed: this.#seed, operations: this.#operations, faults: this.#faults };
  }
}
