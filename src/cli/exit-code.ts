import type { ErrorCode } from '../sdk/errors.js';

/** What the command's exit status says; every `--help` ends with this table. */
export const EXIT = {
  ok: 0,
  refused: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  unavailable: 5,
  conflict: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The table as people read it. A command that is killed by a signal ends as its shell has it, such as 130. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: 'done; or the answer is yes',
  [EXIT.refused]: 'refused or failed; or the answer is no (an inactive token, a finding of doctor)',
  [EXIT.usage]: 'the command, its settings or its input is wrong; nothing was changed',
  [EXIT.notFound]: 'there is no such client or key',
  [EXIT.denied]: 'who calls is not known, or may not do this',
  [EXIT.unavailable]: 'no sure answer: it may have taken effect, and repeating it is safe',
  [EXIT.conflict]: 'it exists already, or changed meanwhile',
};

/** The exit status of each refusal by the service. */
export const EXIT_OF_CODE: Readonly<Record<ErrorCode, ExitCode>> = {
  invalid_request: EXIT.usage,
  invalid_client: EXIT.denied,
  unauthorized_client: EXIT.denied,
  unsupported_grant_type: EXIT.refused,
  invalid_scope: EXIT.refused,
  invalid_target: EXIT.refused,
  invalid_token: EXIT.denied,
  insufficient_scope: EXIT.denied,
  not_found: EXIT.notFound,
  already_exists: EXIT.conflict,
  conflict: EXIT.conflict,
  slow_down: EXIT.unavailable,
  temporarily_unavailable: EXIT.unavailable,
  internal: EXIT.refused,
};
