import { Argument } from 'commander';
import type { Host } from './host.js';
import { readSecret } from './secret-input.js';
import { secretPath } from './values.js';

/** The operand of a command about a token: never the token itself, which `ps` would show. */
export const tokenFileArgument = (): Argument =>
  new Argument('[token-file]', 'file that holds the token; - is standard input')
    .argParser(secretPath)
    .default('-');

/** The token from the file, or from standard input. */
export const readToken = (host: Host, file = '-'): Promise<string> => readSecret(host, { file }, 'token');
