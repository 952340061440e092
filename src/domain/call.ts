import type { ClientId, TokenId } from './ids.js';

/** What a caller presented, as the door parsed it. Presenting two kinds at once is the door's to refuse. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly kind: 'bearer'; readonly token: string };

/** What may be said of a call in its log line. Never a secret, never a whole token. */
export interface CallFacts {
  /** Who called, once that is proven. */
  clientId?: ClientId;
  /** The token issued, asked about or revoked. */
  tokenId?: TokenId;
  /** Whether a token asked about was active. */
  active?: boolean;
}

/** Where a call stands in a trace that its caller has begun: hexadecimal ids, as W3C Trace Context writes them. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** One call, as a door took it in. */
export interface Call {
  /** Names the call in logs and in the audit trail. */
  readonly requestId: string;
  readonly door: 'grpc' | 'http';
  /**
   * The peer's address, or the one that a trusted proxy forwarded: for logs, the audit trail and throttling; never
   * for deciding who calls.
   */
  readonly sourceAddress: string;
  readonly credential: Credential;
  /** For logs and spans alone. */
  readonly trace?: TraceContext | undefined;
  /** Filled by the use-case, written into the log line by the door. */
  readonly facts: CallFacts;
}

/** A caller whose credential was good. */
export interface Caller {
  readonly clientId: ClientId;
  /** What it may do here: for a bearer, the token's scopes cut down to what the client may have now. */
  readonly scopes: readonly string[];
  /** The client's `serves_audiences` as of this call. */
  readonly servesAudiences: readonly string[];
  /** The bearer token that it came with, and when that ends, in ms since 1970. Undefined for one with a secret. */
  readonly bearer?: { readonly tokenId: TokenId; readonly expiresAtMs: number };
}

/** The use-case of an open RPC. */
export type UseCase<Request, Response> = (request: Request, call: Call) => Promise<Response>;
/** The use-case of a guarded RPC, behind {@link admit}. */
export type GuardedUseCase<Request, Response> = (
  request: Request,
  caller: Caller,
  call: Call,
) => Promise<Response>;
