import type { Command } from 'commander';
import type { Run } from '../host.js';
import { addInspectCommand } from './token-inspect.js';
import { addIntrospectCommand } from './token-introspect.js';
import { addIssueCommand } from './token-issue.js';
import { addTokenRevokeCommands } from './token-revoke.js';

/** `countersign token …`: one token at a time. */
export function addTokenCommands(run: Run, program: Command): void {
  const token = program.command('token').description('issue, check and revoke tokens');
  addIssueCommand(run, token);
  addIntrospectCommand(run, token);
  addTokenRevokeCommands(run, token);
  addInspectCommand(run, token);
}
