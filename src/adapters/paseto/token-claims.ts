import { isUtf8 } from 'node:buffer';
import { type Generation, isClientId, isTokenId } from '../../domain/ids.js';
import { isScope } from '../../domain/scope.js';
import type { JsonObject, TokenClaims } from '../../domain/token.js';
import { secondsFromInstant } from './instant.js';
import { parseStrictJson } from './strict-json.js';
import { claimsFromWritten } from './written-payload.js';

/**
 * What a token's payload says, or undefined where it is not exactly of our form: UTF-8, JSON without a repeated key,
 * every claim of CONTRACT.md section 3 present with its one type and spelling (`ext` alone may be missing).
 *
 * Claims we do not know are ignored, so that a later server may add one and today's verifiers go on working: nothing
 * that restricts a token may therefore ever come as a new claim. To be called only once the signature is good.
 */
export function claimsFromPayload(payload: Buffer): TokenClaims | undefined {
  if (!isUtf8(payload)) return undefined;
  const text = payload.toString('utf8');
  try {
    return claimsFromWritten(text) ?? claimsFromObject(parseStrictJson(text));
  } catch {
    return undefined;
  }
}

/** The reader that decides; exported so that tests can hold the quick one to it. */
export function claimsFromObject(claims: unknown): TokenClaims | undefined {
  if (!isObject(claims)) return undefined;
  const { iss, sub, aud, jti, client_id: clientId, scope, gen, ext } = claims;
  const issuedAtSeconds = secondsFrom(claims.iat);
  const notBeforeSeconds = secondsFrom(claims.nbf);
  const expiresAtSeconds = secondsFrom(claims.exp);
  if (issuedAtSeconds === undefined || notBeforeSeconds === undefined || expiresAtSeconds === undefined) {
    return undefined;
  }
  if (!isFilledString(iss) || !isFilledString(aud) || typeof scope !== 'string') return undefined;
  if (typeof clientId !== 'string' || !isClientId(clientId) || sub !== clientId) return undefined;
  if (typeof jti !== 'string' || !isTokenId(jti)) return undefined;
  if (claims.sub_kind !== 'service' || !isGeneration(gen)) return undefined;
  if (ext !== undefined && !isObject(ext)) return undefined;
  const scopes = scope === '' ? [] : scope.split(' ');
  if (!scopes.every(isScope)) return undefined;
  return {
    tokenId: jti,
    issuer: iss,
    clientId,
    audience: aud,
    scopes,
    issuedAtSeconds,
    notBeforeSeconds,
    expiresAtSeconds,
    generation: gen,
    ext,
  };
}

const secondsFrom = (value: unknown): number | undefined =>
  typeof value === 'string' ? secondsFromInstant(value) : undefined;

const isFilledString = (value: unknown): value is string => typeof value === 'string' && value !== '';

const isGeneration = (value: unknown): value is Generation =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
