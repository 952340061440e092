import type { IssueTokenResponse } from '../wire/gen/countersign/v1/token_service.js';
import { Endpoints, type ServiceOptions } from './endpoints.js';
import { CountersignError, errorFromService } from './errors.js';

/** What a token source asks the service for. */
export interface TokenRequest {
  readonly clientId: string;
  /** None asks for the client's defaults. */
  readonly scopes: readonly string[];
  /** Undefined asks for the client's default. */
  readonly audience: string | undefined;
  /** Undefined asks for the client's default. The HTTP endpoint has no parameter for it. */
  readonly ttlSeconds: number | undefined;
}

export interface IssuedToken {
  readonly token: string;
  /** The token's life, counted from no later than the answer. */
  readonly expiresInSeconds: number;
}

/** A way to the service's IssueToken. */
export interface Issuer {
  /** Rejects with `CountersignError`. */
  issue(secret: string, signal: AbortSignal): Promise<IssuedToken>;
  close(): void;
}

/** Asks over gRPC, at whichever address answers. */
export function grpcIssuer(service: ServiceOptions, request: TokenRequest, timeoutMs: number): Issuer {
  const endpoints = new Endpoints(service);
  return {
    async issue(secret, signal) {
      const message = {
        clientId: request.clientId,
        clientSecret: secret,
        scopes: [...request.scopes],
        audience: request.audience ?? '',
        ttlSeconds: request.ttlSeconds ?? 0,
      };
      try {
        const answer = await endpoints.call<IssueTokenResponse>(
          (client, metadata, options, done) => client.issueToken(message, metadata, options, done),
          { timeoutMs, signal },
        );
        return checked(answer.accessToken, answer.expiresInSeconds);
      } catch (err) {
        throw errorFromService(err);
      }
    },
    close: () => endpoints.close(),
  };
}

/** An answer that holds a token, or a refusal to take it for one. */
export function checked(token: unknown, expiresInSeconds: unknown): IssuedToken {
  if (
    typeof token !== 'string' ||
    token === '' ||
    typeof expiresInSeconds !== 'number' ||
    !(expiresInSeconds > 0)
  ) {
    throw new CountersignError('internal', 'The service answered without a token.');
  }
  return { token, expiresInSeconds };
}
