import type { Command } from 'commander';
import { ClientServiceService } from '../../wire/gen/countersign/v1/client_service.js';
import {
  addClientSettingsOptions,
  type ClientSettingsOptions,
  clientOf,
  settingsFrom,
} from '../client-settings-options.js';
import type { Run } from '../host.js';
import { makeSecret, type NewSecretOptions, newSecretOptions } from '../new-secret.js';
import { remote } from '../session.js';

/** `client create`: registers a client and hands over its first secret. */
export function addCreateCommand(run: Run, parent: Command): void {
  const command = parent
    .command('create')
    .description('register a client; its secret is shown once')
    .argument('[client-id]', 'its id, 1 to 64 of A-Z a-z 0-9 . _ -; generated when left out');
  addClientSettingsOptions(command);
  for (const option of newSecretOptions()) command.addOption(option);

  remote<ClientSettingsOptions & NewSecretOptions>(run, command, (session, options, clientId?: string) =>
    makeSecret(session, options, ({ importedSecret, requestId, hint }) =>
      session.service.call(
        ClientServiceService.createClient,
        {
          client: clientOf({ ...settingsFrom(options), clientId: clientId ?? '' }),
          importedSecret,
          requestId,
        },
        hint,
      ),
    ),
  );
}
