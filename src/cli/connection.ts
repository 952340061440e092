import { InvalidArgumentError } from 'commander';
import { isLoopback } from '../sdk/endpoints.js';
import {
  CONNECTION_SETTING_NAMES,
  type ConnectionSettingName,
  type ConnectionTexts,
  settingOf,
  textsFromEnvironment,
  textsFromOptions,
} from './connection-options.js';
import { settingsFailure } from './failure.js';
import type { Host } from './host.js';
import { profilesFile, readProfiles } from './profile.js';
import { durationSeconds } from './values.js';

/** A secret, or the file that holds it (`-`: standard input). */
export type SecretPlace = { readonly value: string } | { readonly file: string };

/** Who calls: a client with its secret, or whoever a token was issued to. */
export type Caller =
  | { readonly kind: 'client'; readonly clientId: string; readonly secret: SecretPlace }
  | { readonly kind: 'bearer'; readonly token: SecretPlace };

/** How to reach the service, decided. */
export interface Connection {
  readonly address: string;
  /** Undefined: none was given. */
  readonly caller: Caller | undefined;
  /** Undefined: plaintext. */
  readonly tls: TlsFiles | undefined;
  readonly timeoutMs: number;
}

export interface TlsFiles {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
}

const DEFAULT_ADDRESS = '127.0.0.1:50051';
const DEFAULT_TIMEOUT_SECONDS = 10;

/**
 * Decides the connection: the command line first, then a profile that it names, then the environment, then the profile
 * that the environment names or the default one. Fails with `settings` where they contradict each other.
 */
export function connectionFrom(host: Host, options: Readonly<Record<string, unknown>>): Connection {
  const places = placesFrom(host, options);
  const text = (name: ConnectionSettingName): string | undefined =>
    places.find((place) => place[name] !== undefined)?.[name];
  const address = text('address') ?? DEFAULT_ADDRESS;
  return {
    address,
    caller: callerFrom(places),
    tls: tlsFrom(text, address),
    timeoutMs: durationSeconds(text('timeout') ?? String(DEFAULT_TIMEOUT_SECONDS)) * 1000,
  };
}

function placesFrom(host: Host, options: Readonly<Record<string, unknown>>): readonly ConnectionTexts[] {
  const fromOptions = textsFromOptions(options);
  const fromEnvironment = textsFromEnvironment(host.env);
  check(fromEnvironment, (name) => settingOf(name).env);
  const named = options.profile === undefined ? undefined : String(options.profile);
  if (named !== undefined) return [fromOptions, profile(host, named), fromEnvironment];
  if (host.env.COUNTERSIGN_PROFILE)
    return [fromOptions, fromEnvironment, profile(host, host.env.COUNTERSIGN_PROFILE)];

  const profiles = readProfiles(host);
  const standing = profiles?.defaultName === undefined ? undefined : profile(host, profiles.defaultName);
  // A profile that nobody named gives its credential to its own address alone.
  const wanted = fromOptions.address ?? fromEnvironment.address;
  const fits = standing !== undefined && (wanted === undefined || wanted === standing.address);
  return fits ? [fromOptions, fromEnvironment, standing] : [fromOptions, fromEnvironment];
}

function profile(host: Host, name: string): ConnectionTexts {
  const profiles = readProfiles(host);
  const texts = profiles?.byName.get(name);
  if (texts === undefined) {
    const known = [...(profiles?.byName.keys() ?? [])].join(', ') || 'none';
    throw settingsFailure(
      `There is no profile ${JSON.stringify(name)}.`,
      `${profilesFile(host)} has: ${known}`,
    );
  }
  check(texts, (setting) => `${setting} in profile ${JSON.stringify(name)}`);
  return texts;
}

function check(texts: ConnectionTexts, describe: (name: ConnectionSettingName) => string): void {
  for (const name of CONNECTION_SETTING_NAMES) {
    const text = texts[name];
    if (text === undefined) continue;
    try {
      settingOf(name).parse?.(text);
    } catch (err) {
      if (err instanceof InvalidArgumentError)
        throw settingsFailure(`${describe(name)} is no good: ${err.message}`);
      throw err;
    }
  }
}

/**
 * The first place that says who calls decides. A secret is never taken from a place that names another client: it would
 * go out under the wrong name.
 */
function callerFrom(places: readonly ConnectionTexts[]): Caller | undefined {
  const place = places.find((p) => p.client_id || p.access_token || p.access_token_file);
  if (place === undefined) return undefined;
  const token = secretIn(place, 'access_token', 'access_token_file');
  if (token !== undefined && place.client_id !== undefined) {
    throw settingsFailure('Both a client and an access token are given.', 'give one of them');
  }
  if (token !== undefined) return { kind: 'bearer', token };
  const clientId = place.client_id ?? '';
  for (const other of places) {
    if ((other.client_id ?? clientId) !== clientId) continue;
    const secret = secretIn(other, 'client_secret', 'client_secret_file');
    if (secret !== undefined) return { kind: 'client', clientId, secret };
  }
  throw settingsFailure(
    `The secret of client ${clientId} is missing.`,
    'set COUNTERSIGN_CLIENT_SECRET_FILE or give --client-secret-file',
  );
}

function secretIn(
  place: ConnectionTexts,
  valueName: 'client_secret' | 'access_token',
  fileName: 'client_secret_file' | 'access_token_file',
): SecretPlace | undefined {
  const value = place[valueName];
  const file = place[fileName];
  if (value !== undefined && file !== undefined) {
    throw settingsFailure(
      `${settingOf(valueName).env} and ${settingOf(fileName).env} are both set.`,
      'set one of them',
    );
  }
  if (value !== undefined) return { value };
  return file === undefined ? undefined : { file };
}

function tlsFrom(
  text: (name: ConnectionSettingName) => string | undefined,
  address: string,
): TlsFiles | undefined {
  const plaintext = text('plaintext');
  if (plaintext !== undefined && plaintext !== 'true' && plaintext !== 'false') {
    throw settingsFailure('COUNTERSIGN_PLAINTEXT must be true or false.');
  }
  const tls = {
    caFile: text('tls_ca_file'),
    certFile: text('tls_client_cert_file'),
    keyFile: text('tls_client_key_file'),
    serverName: text('tls_server_name'),
  };
  const wanted = Object.values(tls).some((value) => value !== undefined);
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    throw settingsFailure('A client certificate and its key go together.', 'give --cert-file and --key-file');
  }
  if (plaintext === 'true') {
    if (wanted)
      throw settingsFailure('Plaintext is asked for together with TLS files.', 'leave out one of them');
    return undefined;
  }
  return wanted || plaintext === 'false' || !isLoopback(address) ? tls : undefined;
}
