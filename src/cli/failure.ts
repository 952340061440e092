import type { CountersignError, ErrorCode } from '../sdk/errors.js';
import { EXIT, EXIT_OF_CODE, type ExitCode } from './exit-code.js';

/** Why the command itself gives up, beside the codes of the service. */
export type FailureCode = ErrorCode | 'usage' | 'settings' | 'file' | 'not_confirmed';

/** The command's end without success: one line on stderr, made of a stable code, a sentence and what to do. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly code: FailureCode;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(code: FailureCode, exitCode: ExitCode, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Told by its name: a loader may give the parts behind `import()` a class of their own. */
export const isCliFailure = (err: unknown): err is CliFailure =>
  err instanceof Error && err.name === CliFailure.name;

/** The command line is wrong. */
export const usageFailure = (message: string, hint?: string): CliFailure =>
  new CliFailure('usage', EXIT.usage, message, hint);

/** The environment, a profile or an option's value is wrong. */
export const settingsFailure = (message: string, hint?: string): CliFailure =>
  new CliFailure('settings', EXIT.usage, message, hint);

/** A file cannot be read or written. */
export const fileFailure = (message: string, hint?: string, cause?: unknown): CliFailure =>
  new CliFailure('file', EXIT.usage, message, hint, cause);

const HINTS: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'see --help for what this command takes',
  invalid_client:
    'check the client id and its secret; a wrong, expired or revoked one and an unknown client look alike',
  unauthorized_client: 'an introspection_only client gets no tokens; use another, or update it',
  invalid_scope: 'ask for scopes that the client is allowed: countersign client get CLIENT_ID',
  invalid_target: 'ask for an audience that the client is allowed: countersign client get CLIENT_ID',
  invalid_token: 'get a new access token whose audience is the issuer',
  insufficient_scope: 'call as a client that has the scope, such as countersign:admin',
  not_found: 'list what there is: countersign client list, countersign keys list',
  already_exists: 'choose another id, or change the client that has it: countersign client update',
  conflict: 'look at it again and repeat: countersign client get CLIENT_ID',
  temporarily_unavailable: 'repeat it; that is safe even if it has taken effect',
  internal: "the server's log has the reason",
};

/** A refusal by the service as the command's end. `hint` wins over the code's own. */
export function failureFromService(err: CountersignError, hint?: string): CliFailure {
  const wait = err.retryAfterSeconds;
  const own =
    err.code === 'slow_down' ? `wait ${wait === undefined ? 'a while' : `${wait} s`}` : HINTS[err.code];
  return new CliFailure(err.code, EXIT_OF_CODE[err.code], err.message, hint ?? own, err.cause);
}
