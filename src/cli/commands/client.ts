import type { Command } from 'commander';
import type { Run } from '../host.js';
import { addCreateCommand } from './client-create.js';
import { addEndingCommands } from './client-end.js';
import { addReadCommands } from './client-read.js';
import { addSecretCommands } from './client-secret.js';
import { addUpdateCommand } from './client-update.js';

/** `countersign client …`: the services that may ask for tokens. */
export function addClientCommands(run: Run, program: Command): void {
  const client = program.command('client').description('register, change, rotate and revoke clients');
  addCreateCommand(run, client);
  addReadCommands(run, client);
  addUpdateCommand(run, client);
  addSecretCommands(run, client);
  addEndingCommands(run, client);
}
