import type { ClientId, Generation, KeyId, TokenId } from './ids.js';

/** Why a client gets no tokens: the mark that gates issuing. */
export interface RevocationMark {
  readonly timeMs: number;
  /** The client id of who revoked it. */
  readonly by: string;
  /** For people; may be empty. */
  readonly reason: string;
}

/** One entry of the ledger, as stored in the feed and sent to verifiers. */
export type Revocation =
  | { readonly kind: 'client'; readonly clientId: ClientId; readonly generation: Generation }
  | { readonly kind: 'token'; readonly tokenId: TokenId; readonly forgetAtSeconds: number }
  | { readonly kind: 'key'; readonly keyId: KeyId };
