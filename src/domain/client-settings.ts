import { isAudience, MAX_AUDIENCES } from './audience.js';
import type { ClientSettings } from './client.js';
import { invalidRequest } from './errors.js';
import { isScope, MAX_SCOPES } from './scope.js';
import type { JsonObject, JsonValue } from './token.js';

const MAX_EXT_BYTES = 1024;
const MAX_EXT_DEPTH = 8;
const MAX_LABELS = 32;
const LABEL_KEY = /^[A-Za-z0-9._/-]{1,64}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * Checks what an operator wants a client to be, whole, and answers it frozen and without repeats. Fails with
 * `invalid_request` and names the field.
 */
export function checkClientSettings(wanted: ClientSettings, maxTokenLifeSeconds: number): ClientSettings {
  const allowedScopes = listOf('allowed_scopes', wanted.allowedScopes, isScope, MAX_SCOPES);
  const defaultScopes = listOf('default_scopes', wanted.defaultScopes, isScope, MAX_SCOPES);
  const allowedAudiences = listOf('allowed_audiences', wanted.allowedAudiences, isAudience, MAX_AUDIENCES);
  const servesAudiences = listOf('serves_audiences', wanted.servesAudiences, isAudience, MAX_AUDIENCES);

  if (!defaultScopes.every((scope) => allowedScopes.includes(scope))) {
    throw invalidRequest('default_scopes must be among allowed_scopes');
  }
  if (allowedAudiences.length === 0 && !wanted.introspectionOnly) {
    throw invalidRequest('allowed_audiences must name at least one, unless the client is introspection_only');
  }
  if (wanted.defaultAudience !== '' && !allowedAudiences.includes(wanted.defaultAudience)) {
    throw invalidRequest('default_audience must be among allowed_audiences');
  }
  const ttl = wanted.tokenTtlSeconds;
  if (!Number.isSafeInteger(ttl) || ttl < 0 || ttl > maxTokenLifeSeconds) {
    throw invalidRequest(`token_ttl_seconds must be 0 to ${maxTokenLifeSeconds}`);
  }
  return Object.freeze({
    displayName: textFor('display_name', wanted.displayName, 128),
    allowedScopes,
    defaultScopes,
    allowedAudiences,
    defaultAudience: wanted.defaultAudience,
    introspectionOnly: wanted.introspectionOnly,
    servesAudiences,
    tokenTtlSeconds: ttl,
    ext: extFrom(wanted.ext),
    labels: labelsFrom(wanted.labels),
  });
}

/** Text for people: at most `max` characters and no control characters, so that it cannot forge a log line. */
export function textFor(field: string, text: string, max: number): string {
  if (text.length > max) throw invalidRequest(`${field} must have at most ${max} characters`);
  if (CONTROL_CHARACTER.test(text) || !text.isWellFormed()) {
    throw invalidRequest(`${field} must not have control characters`);
  }
  return text;
}

function listOf(
  field: string,
  values: readonly string[],
  isGood: (text: string) => boolean,
  max: number,
): readonly string[] {
  if (values.length > max) throw invalidRequest(`${field} must name at most ${max}`);
  if (!values.every(isGood)) throw invalidRequest(`${field} has a malformed entry`);
  return Object.freeze([...new Set(values)]);
}

function labelsFrom(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) throw invalidRequest(`labels must be at most ${MAX_LABELS}`);
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key)) throw invalidRequest('labels has a malformed key');
    textFor('labels', value, 256);
  }
  return Object.freeze(Object.fromEntries(entries));
}

function extFrom(ext: JsonObject | undefined): JsonObject | undefined {
  if (ext === undefined || Object.keys(ext).length === 0) return undefined;
  if (!isJson(ext, MAX_EXT_DEPTH)) {
    throw invalidRequest(
      `ext must hold finite numbers, well-formed text and at most ${MAX_EXT_DEPTH} levels`,
    );
  }
  if (new TextEncoder().encode(JSON.stringify(ext)).length > MAX_EXT_BYTES) {
    throw invalidRequest('ext must be at most 1 KiB as JSON');
  }
  return ext;
}

function isJson(value: JsonValue, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return value.isWellFormed();
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value !== 'object' || depth === 0) return false;
  const keys = Object.keys(value);
  // `__proto__` means something else to some JSON readers than to others.
  if (keys.includes('__proto__') || !keys.every((key) => key.isWellFormed())) return false;
  return Object.values(value).every((item) => isJson(item, depth - 1));
}
