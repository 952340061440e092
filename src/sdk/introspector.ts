import { type Metadata, status } from '@grpc/grpc-js';
import type { IntrospectTokenResponse } from '../wire/gen/countersign/v1/token_service.js';
import type { Authorizer } from './authorizer.js';
import type { Endpoints } from './endpoints.js';
import { errorFromService, isServiceError, VerifyError } from './errors.js';

export interface IntrospectorOptions {
  readonly endpoints: Endpoints;
  readonly authorizer: Authorizer;
  /** Time limit of one question, waiting for its turn included. */
  readonly timeoutMs: number;
  /** Questions on the way at once; others wait their turn. */
  readonly maxConcurrent: number;
}

/** As many may wait for each one on the way; who comes later is told so at once. */
const WAITING_PER_TURN = 16;

/**
 * Asks the service about tokens, one question for each token however many ask, and a bounded number at once: when a
 * feed is lost under load, the service must not get every call of every verifier on top.
 */
export class Introspector {
  readonly #options: IntrospectorOptions;
  readonly #asked = new Map<string, Promise<IntrospectTokenResponse>>();
  readonly #waiting: (() => void)[] = [];
  #turnsTaken = 0;

  constructor(options: IntrospectorOptions) {
    this.#options = options;
  }

  /** Questions on the way or waiting. */
  get pending(): number {
    return this.#asked.size;
  }

  /** The service's verdict. Rejects with `VerifyError` `temporarily_unavailable` when there is none. */
  introspect(token: string): Promise<IntrospectTokenResponse> {
    const asked = this.#asked.get(token);
    if (asked !== undefined) return asked;
    if (this.#asked.size >= this.#options.maxConcurrent * (1 + WAITING_PER_TURN)) {
      return Promise.reject(new VerifyError('overloaded'));
    }
    const question = this.#askInTurn(token).finally(() => this.#asked.delete(token));
    this.#asked.set(token, question);
    return question;
  }

  async #askInTurn(token: string): Promise<IntrospectTokenResponse> {
    const endsAtMs = Date.now() + this.#options.timeoutMs;
    await this.#turn();
    try {
      if (Date.now() >= endsAtMs) throw new VerifyError('overloaded');
      return await this.#ask(token, endsAtMs);
    } finally {
      // The turn passes straight to who has waited longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#turnsTaken -= 1;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#turnsTaken < this.#options.maxConcurrent) {
      this.#turnsTaken += 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #ask(token: string, endsAtMs: number): Promise<IntrospectTokenResponse> {
    try {
      const metadata = await this.#options.authorizer.metadata();
      return await this.#call(token, metadata, endsAtMs).catch(async (err: unknown) => {
        if (!isServiceError(err) || err.code !== status.UNAUTHENTICATED) throw err;
        this.#options.authorizer.refused(metadata);
        return this.#call(token, await this.#options.authorizer.metadata(), endsAtMs);
      });
    } catch (err) {
      // Whatever went wrong, a refused credential of our own included, it says nothing about this token.
      throw new VerifyError('stale', { cause: errorFromService(err) });
    }
  }

  #call(token: string, metadata: Metadata, endsAtMs: number): Promise<IntrospectTokenResponse> {
    return this.#options.endpoints.call<IntrospectTokenResponse>(
      (client, callMetadata, options, done) => client.introspectToken({ token }, callMetadata, options, done),
      { metadata, timeoutMs: Math.max(1, endsAtMs - Date.now()) },
    );
  }
}
