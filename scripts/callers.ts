/**
 * Callers for the shows: they call in a closed loop until told to stop, and remember what came back and how long it
 * took. They share no code with the server but the generated stubs.
 */
import { type Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { TokenServiceClient } from '../src/wire/gen/countersign/v1/token_service.js';

export interface Answer {
  /** `OK`, or what went wrong: a gRPC status, an HTTP status and error, or a system error. */
  readonly outcome: string;
  readonly body?: Record<string, unknown>;
}

/** What one kind of caller got. */
export class Tally {
  readonly outcomes = new Map<string, number>();
  readonly #durationsMs: number[] = [];

  add(outcome: string, durationMs: number): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.#durationsMs.push(durationMs);
  }

  get count(): number {
    return this.#durationsMs.length;
  }

  get failed(): number {
    return this.count - (this.outcomes.get('OK') ?? 0);
  }

  quantileMs(quantile: number): number {
    const sorted = [...this.#durationsMs].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
  }

  toString(): string {
    const failures = [...this.outcomes].filter(([outcome]) => outcome !== 'OK');
    const told = failures.map(([outcome, count]) => `${count} × ${outcome}`).join(', ');
    const times = `p50 ${this.quantileMs(0.5).toFixed(1)} ms, p99 ${this.quantileMs(0.99).toFixed(1)} ms`;
    return `${this.count} calls, ${this.failed} not OK${told && ` (${told})`}, ${times}`;
  }
}

/** Calls over and over, with a pause between, until the signal is aborted; settles when the last call has. */
export async function callUntil(
  signal: AbortSignal,
  tally: Tally,
  pauseMs: number,
  call: () => Promise<Answer>,
): Promise<void> {
  while (!signal.aborted) {
    const start = performance.now();
    const { outcome } = await call();
    tally.add(outcome, performance.now() - start);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

export const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

/** Posts a form and answers within five seconds. */
export function postForm(
  url: string,
  form: Record<string, string>,
  options: {
    readonly auth?: string;
    readonly agent?: Agent;
    readonly localAddress?: string;
    readonly ca?: string;
  } = {},
): Promise<Answer> {
  const { auth, ...rest } = options;
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(auth === undefined ? {} : { authorization: auth }),
  };
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', headers, timeout: 5000, ...rest }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ outcome: error.code ?? error.message }),
      );
      response.on('end', () => {
        const body = parsed(text);
        const code = typeof body.error === 'string' ? ` ${body.error}` : '';
        resolve({ outcome: response.statusCode === 200 ? 'OK' : `${response.statusCode}${code}`, body });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('timeout')));
    sent.on('error', (error: NodeJS.ErrnoException) => resolve({ outcome: error.code ?? error.message }));
    sent.end(new URLSearchParams(form).toString());
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export function issueOverGrpc(
  client: TokenServiceClient,
  clientId: string,
  clientSecret: string,
): Promise<Answer> {
  return new Promise((resolve) => {
    client.issueToken(
      { clientId, clientSecret, scopes: [], audience: '', ttlSeconds: 0 },
      new Metadata(),
      { deadline: Date.now() + 5000 },
      (error: ServiceError | null, response) => resolve(answerOf(error, response)),
    );
  });
}

export function introspectOverGrpc(client: TokenServiceClient, token: string, auth: string): Promise<Answer> {
  const metadata = new Metadata();
  metadata.set('authorization', auth);
  return new Promise((resolve) => {
    client.introspectToken(
      { token },
      metadata,
      { deadline: Date.now() + 5000 },
      (error: ServiceError | null, response) =>
        resolve(
          error === null && !response.active ? { outcome: 'said inactive' } : answerOf(error, response),
        ),
    );
  });
}

const answerOf = (error: ServiceError | null, response: object): Answer =>
  error === null
    ? { outcome: 'OK', body: response as Record<string, unknown> }
    : { outcome: `${status[error.code]}: ${error.details}` };
