import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  CONNECTION_SETTING_NAMES,
  type ConnectionSettingName,
  type ConnectionTexts,
  settingOf,
} from './connection-options.js';
import { settingsFailure } from './failure.js';
import type { Host } from './host.js';

/** The profiles a user keeps, with the one to use when none is named. */
export interface Profiles {
  readonly file: string;
  readonly defaultName: string | undefined;
  readonly byName: ReadonlyMap<string, ConnectionTexts>;
}

/** `$XDG_CONFIG_HOME/countersign/profiles.json`, or the same under `~/.config`. */
export const profilesFile = (host: Host): string =>
  join(host.env.XDG_CONFIG_HOME || join(host.homeFolder, '.config'), 'countersign', 'profiles.json');

/**
 * The profiles in the user's file, or undefined when there is no such file. The file may hold secrets, so one that
 * others may read or write is refused, and so is one that holds anything unexpected: a misspelt name must not be a
 * setting silently left out.
 */
export function readProfiles(host: Host): Profiles | undefined {
  const file = profilesFile(host);
  const text = readPrivateFile(file);
  if (text === undefined) return undefined;
  const bad = (problem: string): Error =>
    settingsFailure(
      `The profile file ${file} ${problem}.`,
      'it looks like {"default":"prod","profiles":{"prod":{"address":"host:50051","client_id":"ops","client_secret_file":"ops.secret"}}}',
    );
  const whole = objectFrom(text);
  const profiles = whole === undefined ? undefined : objectOf(whole.profiles);
  if (whole === undefined || profiles === undefined) throw bad('is not a JSON object with "profiles"');
  const defaultName = whole.default;
  if (defaultName !== undefined && typeof defaultName !== 'string')
    throw bad('has a "default" that is no name');

  const byName = new Map<string, ConnectionTexts>();
  for (const [name, value] of Object.entries(profiles)) {
    const settings = objectOf(value);
    if (settings === undefined) throw bad(`has a profile ${JSON.stringify(name)} that is no object`);
    byName.set(
      name,
      textsFromProfile(settings, dirname(file), (problem) =>
        bad(`has in profile ${JSON.stringify(name)} ${problem}`),
      ),
    );
  }
  if (defaultName !== undefined && !byName.has(defaultName))
    throw bad('has a "default" that names no profile');
  return { file, defaultName, byName };
}

/** The text of a file that nobody but its owner may touch; undefined when there is none. */
function readPrivateFile(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (err) {
    if (err instanceof Error && 'code' in err && (err.code === 'ENOENT' || err.code === 'ENOTDIR'))
      return undefined;
    throw settingsFailure(`The profile file ${file} cannot be read.`, `chmod 600 ${file}`);
  }
  try {
    // Looked at through the open descriptor, so that what is checked is what is read.
    const { mode, uid } = fstatSync(descriptor);
    const self = process.getuid?.();
    if ((mode & 0o077) !== 0) {
      throw settingsFailure(
        `The profile file ${file} may be read or changed by others.`,
        `chmod 600 ${file}`,
      );
    }
    if (self !== undefined && uid !== self) {
      throw settingsFailure(`The profile file ${file} belongs to another user.`, 'use a file of your own');
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function textsFromProfile(
  settings: Readonly<Record<string, unknown>>,
  folder: string,
  bad: (problem: string) => Error,
): ConnectionTexts {
  const texts: Partial<Record<ConnectionSettingName, string>> = {};
  for (const [name, value] of Object.entries(settings)) {
    const known = CONNECTION_SETTING_NAMES.find((candidate) => candidate === name);
    if (known === undefined) throw bad(`an unknown setting ${JSON.stringify(name)}`);
    if (typeof value !== 'string' && typeof value !== 'boolean' && typeof value !== 'number') {
      throw bad(`a ${known} that is no text`);
    }
    texts[known] = settingOf(known).path && value !== '-' ? resolve(folder, String(value)) : String(value);
  }
  return texts;
}

function objectFrom(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
