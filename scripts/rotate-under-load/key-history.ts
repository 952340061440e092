import { KeyState } from '../../src/wire/gen/countersign/v1/token_service.js';
import type { Connection } from '../../test/support/connection.js';
import { LIFE } from './fleet.js';

/** When a key was published, began to sign and ended, in ms since 1970 by the store's clock, which here is also ours. */
interface KeyTimes {
  createMs: number;
  activateMs: number;
  /** Undefined while it signs. */
  retireMs: number | undefined;
}

/** A token as far as its key matters: it was signed at some time between these two. */
export interface Signed {
  readonly keyId: string;
  readonly askedMs: number;
  readonly answeredMs: number;
}

export type Fault = 'unknown' | 'early' | 'late';

const POLL_MS = 200;
/** Times are told in whole ms. */
const ROUNDING_MS = 1;

/** Everything that ListSigningKeys ever said, so that tokens can be judged once their keys are long gone. */
export class KeyHistory {
  readonly #keys = new Map<string, KeyTimes>();
  readonly #sources: readonly Connection[];
  #founding: string | undefined;
  #watching = true;
  #watch: Promise<void> | undefined;

  constructor(sources: readonly Connection[]) {
    this.#sources = sources;
  }

  async start(): Promise<void> {
    await this.look();
    [this.#founding] = this.#keys.keys();
    this.#watch = this.#goOn();
  }

  /** Ends after one more look. */
  async stop(): Promise<void> {
    this.#watching = false;
    await this.#watch;
    await this.look();
  }

  /** How many keys began to sign within a time. */
  begunWithin({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): number {
    return [...this.#keys.values()].filter(({ activateMs }) => activateMs > fromMs && activateMs <= toMs)
      .length;
  }

  /**
   * What is certainly wrong with a signature: it was there before its key had been published for the lead, or was asked
   * for after the key had been retired. The founding key has no lead: nobody can verify anything before there is one.
   */
  faultOf({ keyId, askedMs, answeredMs }: Signed): Fault | undefined {
    const key = this.#keys.get(keyId);
    if (key === undefined) return 'unknown';
    const signsFromMs = Math.max(key.activateMs, key.createMs + LIFE.lead * 1000);
    if (keyId !== this.#founding && answeredMs + ROUNDING_MS < signsFromMs) return 'early';
    if (key.retireMs !== undefined && askedMs > key.retireMs + ROUNDING_MS) return 'late';
    return undefined;
  }

  /** Asks whichever server answers first: one of them may be stopped. */
  async look(): Promise<void> {
    const keys = await Promise.any(this.#sources.map((source) => source.signingKeys()));
    for (const { keyId, state, createTime, activateTime, retireTime } of keys.toReversed()) {
      this.#keys.set(keyId, {
        createMs: createTime?.getTime() ?? Number.NaN,
        activateMs: activateTime?.getTime() ?? Number.POSITIVE_INFINITY,
        retireMs: state === KeyState.KEY_STATE_RETIRED ? retireTime?.getTime() : undefined,
      });
    }
  }

  async #goOn(): Promise<void> {
    while (this.#watching) {
      await this.look().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
