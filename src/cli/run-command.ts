import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { CountersignError } from '../sdk/errors.js';
import { EXIT } from './exit-code.js';
import { CliFailure, failureFromService, isCliFailure, usageFailure } from './failure.js';
import type { Host, Run } from './host.js';
import { printable } from './printable.js';
import { makeProgram } from './program.js';
import { withoutSecrets } from './values.js';

/**
 * Runs one command to its end and answers its exit status. Whatever goes wrong is one line on stderr: never a stack,
 * never a rejection.
 */
export async function runCommand(args: readonly string[], host: Host): Promise<number> {
  const run: Run = { host, exitCode: EXIT.ok };
  try {
    await makeProgram(run, packageVersion()).parseAsync(args, { from: 'user' });
    return run.exitCode;
  } catch (err) {
    if (err instanceof CommanderError && isHelp(err)) return err.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure = failureFrom(err);
    host.stderr.write(`${lineOf(failure)}\n`);
    return failure.exitCode;
  }
}

/** Help that was asked for, or shown in place of a command that was not given. */
const isHelp = ({ code }: CommanderError): boolean =>
  code === 'commander.help' || code === 'commander.helpDisplayed' || code === 'commander.version';

function failureFrom(err: unknown): CliFailure {
  if (isCliFailure(err)) return err;
  if (err instanceof CommanderError) {
    const dash =
      err.code === 'commander.unknownOption' ? '; put -- before an operand that begins with -' : '';
    return usageFailure(err.message.replace(/^error: /, ''), `see --help${dash}`);
  }
  if (err instanceof CountersignError) return failureFromService(err);
  const message = err instanceof Error ? err.message : String(err);
  return new CliFailure('internal', EXIT.refused, `Something went wrong in this command: ${message}`);
}

/** `countersign: code: message (hint)`, on one line and without a secret, whatever the parts hold. */
function lineOf({ code, message, hint }: CliFailure): string {
  const text = hint === undefined ? message : `${message} (${hint})`;
  return `countersign: ${code}: ${printable(withoutSecrets(text).replace(/\s+/g, ' ').trim())}`;
}

const packageVersion = (): string => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(version);
};
