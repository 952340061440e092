import type { ClientRecord, ClientSettings, StoredSecret } from '../../domain/client.js';
import type { ClientId, SecretId } from '../../domain/ids.js';
import type { JsonObject } from '../../domain/token.js';

/**
 * A client record as Redis keeps it: a text in lines, small (about 300 bytes) and plain enough for the scripts to edit
 * without parsing JSON, which would not survive a round trip through Lua.
 *
 * ```
 * version createTime updateTime
 * settings as JSON, under one-letter names, those at their default left out
 * secretId hash pepperId createTime expireTime|- lastUsedTime|- madeBy|-      (for each secret)
 * ```
 *
 * Times are ms since 1970 in base 36. `lua/lib/client-text.lua` knows the same form; they change together.
 */
export function recordToText(record: ClientRecord): string {
  const head = `${record.version} ${timeToText(record.createTimeMs)} ${timeToText(record.updateTimeMs)}`;
  return [head, settingsToText(record), ...record.secrets.map(secretToText)].join('\n');
}

/** The record that {@link recordToText} wrote. Fails with an `Error` on any other text. */
export function recordFromText(clientId: ClientId, text: string): ClientRecord {
  const [head = '', settings = '', ...secrets] = text.split('\n');
  const [version, createTime, updateTime] = fields(head, 3);
  return {
    clientId,
    ...settingsFromText(settings),
    secrets: secrets.map(secretFromText),
    createTimeMs: timeFromText(createTime),
    updateTimeMs: timeFromText(updateTime),
    version: versionFromText(version),
  };
}

export const timeToText = (timeMs: number | undefined): string =>
  timeMs === undefined ? '-' : Math.trunc(timeMs).toString(36);

function timeFromText(text: string | undefined): number {
  const timeMs = /^[0-9a-z]{1,11}$/.test(text ?? '') ? Number.parseInt(text ?? '', 36) : Number.NaN;
  if (!Number.isSafeInteger(timeMs)) throw damaged();
  return timeMs;
}
const optionalTimeFromText = (text: string | undefined): number | undefined =>
  text === '-' ? undefined : timeFromText(text);

interface ShortSettings {
  readonly n?: string;
  readonly s?: readonly string[];
  readonly d?: readonly string[];
  readonly a?: readonly string[];
  readonly x?: string;
  readonly i?: 1;
  readonly v?: readonly string[];
  readonly t?: number;
  readonly e?: JsonObject;
  readonly l?: Readonly<Record<string, string>>;
}

function settingsToText(settings: ClientSettings): string {
  const list = (values: readonly string[]) => (values.length > 0 ? values : undefined);
  return JSON.stringify({
    n: settings.displayName || undefined,
    s: list(settings.allowedScopes),
    d: list(settings.defaultScopes),
    a: list(settings.allowedAudiences),
    x: settings.defaultAudience || undefined,
    i: settings.introspectionOnly ? 1 : undefined,
    v: list(settings.servesAudiences),
    t: settings.tokenTtlSeconds || undefined,
    e: settings.ext,
    l: Object.keys(settings.labels).length > 0 ? settings.labels : undefined,
  });
}

function settingsFromText(text: string): ClientSettings {
  const short = JSON.parse(text) as ShortSettings;
  return {
    displayName: short.n ?? '',
    allowedScopes: short.s ?? [],
    defaultScopes: short.d ?? [],
    allowedAudiences: short.a ?? [],
    defaultAudience: short.x ?? '',
    introspectionOnly: short.i === 1,
    servesAudiences: short.v ?? [],
    tokenTtlSeconds: short.t ?? 0,
    ext: short.e,
    labels: short.l ?? {},
  };
}

function secretToText(secret: StoredSecret): string {
  const words = [
    secret.secretId,
    secret.hash,
    secret.pepperId,
    timeToText(secret.createTimeMs),
    timeToText(secret.expireTimeMs),
    timeToText(secret.lastUsedTimeMs),
    secret.madeBy ?? '-',
  ];
  // A blank or a line break would be read as another field or secret.
  if (!words.every((word) => /^\S+$/.test(word))) throw new Error('a stored secret has a blank in a field');
  return words.join(' ');
}

function secretFromText(line: string): StoredSecret {
  const [secretId = '', hash = '', pepperId = '', createTime, expireTime, lastUsedTime, madeBy] = fields(
    line,
    7,
  );
  return {
    secretId: secretId as SecretId,
    hash,
    pepperId,
    createTimeMs: timeFromText(createTime),
    expireTimeMs: optionalTimeFromText(expireTime),
    lastUsedTimeMs: optionalTimeFromText(lastUsedTime),
    madeBy: madeBy === '-' ? undefined : madeBy,
  };
}

function versionFromText(text: string | undefined): number {
  const version = /^\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(version)) throw damaged();
  return version;
}

function fields(line: string, count: number): readonly string[] {
  const words = line.split(' ');
  if (words.length !== count) throw damaged();
  return words;
}

const damaged = (): Error => new Error('a client record in Redis is damaged');
