import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { usageFailure } from './failure.js';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds from `90`, `90s`, `15m`, `24h` or `7d`. */
export function durationSeconds(text: string): number {
  const [, digits = '', unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  if (digits === '') throw new InvalidArgumentError('Give a time such as 90s, 15m, 24h or 7d.');
  return Number(digits) * (UNIT_SECONDS[unit] ?? 1);
}

/** A whole number within bounds. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    }
    return value;
  };

/** Gathers a repeatable option; one value may hold several, parted by spaces, as OAuth writes scopes. */
export const gatherWords = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...text.split(/\s+/).filter((word) => word !== ''),
];

/** Gathers `key=value`. */
export function gatherLabels(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give a label as key=value.');
  return Object.assign(Object.create(null), before, { [text.slice(0, at)]: text.slice(at + 1) });
}

/** A JSON object, given as such or as `@file`. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text);
  } catch {
    throw new InvalidArgumentError('Give a JSON object, or @ and the file that holds one.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('Give a JSON object such as {"team":"payments"}.');
  }
  return value as Record<string, unknown>;
}

const SECRET =
  /(?:cs_[A-Za-z0-9]{20,}|v[1-4]\.(?:public|local)\.[\w-]|k[1-4]\.(?:secret|local)\.[\w-])[\w.-]*/g;

/** Blots out whatever looks like a secret: one that was given where it does not belong must not be said again. */
export const withoutSecrets = (text: string): string => text.replace(SECRET, '[secret]');

/** A file's path, or `-` for standard input. Refuses what looks like the secret itself. */
export function secretPath(text: string): string {
  if (withoutSecrets(text) !== text) {
    throw usageFailure(
      'A secret on the command line is seen by everyone on this machine.',
      'give a file that holds it, or - for standard input; and take this one for lost',
    );
  }
  if (text === '') throw new InvalidArgumentError('Give a file, or - for standard input.');
  return text;
}
