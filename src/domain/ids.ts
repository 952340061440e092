import { invalidRequest } from './errors.js';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** A client's id, `[A-Za-z0-9._-]{1,64}`. */
export type ClientId = Branded<string, 'ClientId'>;
/** A token's id, its `jti`: `[A-Za-z0-9_-]{1,64}`. */
export type TokenId = Branded<string, 'TokenId'>;
/** A signing key's PASERK id, `k4.pid.` and 44 characters of base64url. */
export type KeyId = Branded<string, 'KeyId'>;
/** A secret's id within its client. */
export type SecretId = Branded<string, 'SecretId'>;
/**
 * Counts a client's revocations: 0 until the first, then only upward, below 2^53. A token lives while its `gen` is at
 * least its client's generation.
 */
export type Generation = Branded<number, 'Generation'>;

const CLIENT_ID = /^[A-Za-z0-9._-]{1,64}$/;
const TOKEN_ID = /^[A-Za-z0-9_-]{1,64}$/;
const KEY_ID = /^k4\.pid\.[A-Za-z0-9_-]{44}$/;
const SECRET_ID = /^[A-Za-z0-9_-]{1,32}$/;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether the text has the form of a client id. Nothing else may ever become part of a storage key. */
export const isClientId = (text: string): text is ClientId => CLIENT_ID.test(text);
export const isTokenId = (text: string): text is TokenId => TOKEN_ID.test(text);
export const isKeyId = (text: string): text is KeyId => KEY_ID.test(text);
export const isSecretId = (text: string): text is SecretId => SECRET_ID.test(text);
/** Whether the text may name an act for idempotent repeats (`request_id` of CreateClient and RotateClientSecret). */
export const isRequestId = (text: string): boolean => REQUEST_ID.test(text);

const parser =
  <T extends string>(is: (text: string) => text is T, message: string) =>
  (text: string): T => {
    if (!is(text)) throw invalidRequest(message);
    return text;
  };

export const clientIdFrom = parser(isClientId, 'client_id must be 1 to 64 characters of A-Z a-z 0-9 . _ -');
export const tokenIdFrom = parser(isTokenId, 'token_id must be 1 to 64 characters of A-Z a-z 0-9 _ -');
export const keyIdFrom = parser(isKeyId, 'key_id must be a PASERK k4.pid');
export const secretIdFrom = parser(isSecretId, 'secret_id must be 1 to 32 characters of A-Z a-z 0-9 _ -');
