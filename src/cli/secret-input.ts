import { readFile } from 'node:fs/promises';
import { ask } from './ask.js';
import type { SecretPlace } from './connection.js';
import { fileFailure, usageFailure } from './failure.js';
import type { Host } from './host.js';

/** Far more than any token or secret; a device or a log given by mistake is not read to its end. */
const MAX_CHARACTERS = 65_536;

/** Reads a secret from where it is kept. One line, its end dropped. Fails with `file` or `usage`. */
export async function readSecret(host: Host, place: SecretPlace, what: string): Promise<string> {
  const text = 'value' in place ? place.value : await textOf(host, place.file, what);
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw usageFailure(`The ${what} is empty.`);
  if (/[\r\n]/.test(secret) || secret.length > MAX_CHARACTERS)
    throw usageFailure(`The ${what} must be one line.`);
  return secret;
}

async function textOf(host: Host, file: string, what: string): Promise<string> {
  if (file === '-') return textFromStdin(host, what);
  try {
    return await readFile(file, 'utf8');
  } catch (err) {
    throw fileFailure(
      `The file with the ${what}, ${file}, cannot be read.`,
      'check its path and your rights',
      err,
    );
  }
}

/** Once per process: what has been read from standard input is gone. */
const asked = new WeakSet<Host>();

async function textFromStdin(host: Host, what: string): Promise<string> {
  if (asked.has(host))
    throw usageFailure('Standard input is wanted for two things.', 'put one of them into a file');
  asked.add(host);
  if (host.stdin.isTTY) return ask(host, `Paste the ${what}, then press Enter: `, { hidden: true });
  let text = '';
  for await (const chunk of host.stdin) {
    text += String(chunk);
    if (text.length > MAX_CHARACTERS) break;
  }
  return text;
}
