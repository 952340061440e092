import type { ClientId } from './ids.js';

/** Where a call came from, for logs, the audit trail and throttling; never for deciding who calls. */
export interface CallContext {
  readonly requestId: string;
  readonly door: 'grpc' | 'http';
  /** The caller's address: the peer's, or the one that a trusted proxy forwarded. */
  readonly sourceAddress: string;
}

/** What a caller presented, as the door parsed it. Presenting two kinds at once is the door's to refuse. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly kind: 'bearer'; readonly token: string };

/** A caller whose credential was good. */
export interface Caller {
  readonly clientId: ClientId;
  /** What it may do here: for a bearer, the token's scopes cut down to what the client may have now. */
  readonly scopes: readonly string[];
  /** The client's `serves_audiences` as of this call. */
  readonly servesAudiences: readonly string[];
}
