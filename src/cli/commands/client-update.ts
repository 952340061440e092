import { type Command, Option } from 'commander';
import { type Client, ClientServiceService } from '../../wire/gen/countersign/v1/client_service.js';
import {
  addClientSettingsOptions,
  type ClientSettingsOptions,
  clientOf,
  MASK_NAMES,
  settingsFrom,
} from '../client-settings-options.js';
import { clientText } from '../client-text.js';
import { confirm } from '../confirm.js';
import { usageFailure } from '../failure.js';
import type { Run } from '../host.js';
import type { Service } from '../service.js';
import { remote, yesOption } from '../session.js';
import { gatherWords } from '../values.js';
import { clientView } from '../views.js';
import { getClient } from './client-read.js';

interface UpdateOptions extends ClientSettingsOptions {
  readonly addScope?: readonly string[];
  readonly removeScope?: readonly string[];
  readonly addAudience?: readonly string[];
  readonly removeAudience?: readonly string[];
  readonly clear?: readonly string[];
  readonly etag?: string;
  readonly revokeTokens?: boolean;
  readonly yes?: boolean;
}

type Field = keyof typeof MASK_NAMES;
const FIELDS = Object.keys(MASK_NAMES) as Field[];

/** `client update`: sets the fields that are given and leaves the others alone. */
export function addUpdateCommand(run: Run, parent: Command): void {
  const command = parent
    .command('update')
    .description('change a client: what is given replaces what was there')
    .argument('<client-id>', 'its id');
  addClientSettingsOptions(command)
    .option('--no-introspection-only', 'it may get tokens')
    .addOption(new Option('--add-scope <scopes>', 'add to the scopes it may ask for').argParser(gatherWords))
    .addOption(
      new Option('--remove-scope <scopes>', 'take from them, and from the default ones').argParser(
        gatherWords,
      ),
    )
    .addOption(
      new Option('--add-audience <audiences>', 'add to the audiences it may ask for').argParser(gatherWords),
    )
    .addOption(new Option('--remove-audience <audiences>', 'take from them').argParser(gatherWords))
    .addOption(
      new Option('--clear <fields>', `empty a field: ${Object.values(MASK_NAMES).join(', ')}`).argParser(
        gatherWords,
      ),
    )
    .option('--etag <etag>', 'only if the client still has this etag')
    .option('--revoke-tokens', 'end every outstanding token in the same step')
    .addOption(yesOption());

  remote<UpdateOptions>(run, command, async ({ host, out, service }, options, clientId: string) => {
    const cleared = clearedFields(options.clear ?? []);
    const edits = await editsFrom(service, clientId, options);
    const fields = { ...settingsFrom(options), ...edits.fields };
    const named = FIELDS.filter((field) => Object.hasOwn(fields, field) || cleared.includes(field));
    if (named.length === 0)
      throw usageFailure('Nothing is to be changed.', 'give an option such as --name or --add-scope');
    const twice = cleared.find((field) => Object.hasOwn(fields, field));
    if (twice !== undefined) throw usageFailure(`${MASK_NAMES[twice]} is both set and cleared.`);
    if (options.revokeTokens)
      await confirm(host, `Every token of ${clientId} that is out will die.`, options.yes);

    const { client } = await service.call(ClientServiceService.updateClient, {
      client: clientOf({ ...fields, clientId, etag: options.etag ?? edits.etag }),
      updateMask: named.map((field) => MASK_NAMES[field]),
      revokeTokens: options.revokeTokens ?? false,
    });
    if (client === undefined) return;
    out.document({ client: clientView(client) }, () => clientText(client, out.colour));
  });
}

function clearedFields(names: readonly string[]): readonly Field[] {
  return names.map((name) => {
    const field = FIELDS.find((candidate) => MASK_NAMES[candidate] === name);
    if (field === undefined)
      throw usageFailure(`There is no field ${JSON.stringify(name)} to clear.`, 'see --help');
    return field;
  });
}

/**
 * Lists that are added to or taken from are read first; the etag of that look goes with the update, so that two
 * operators who edit at once cannot undo each other: the later one gets `conflict`.
 */
async function editsFrom(
  service: Service,
  clientId: string,
  options: UpdateOptions,
): Promise<{ readonly fields: Partial<Client>; readonly etag: string }> {
  const { addScope, removeScope, addAudience, removeAudience } = options;
  const scopes = addScope !== undefined || removeScope !== undefined;
  const audiences = addAudience !== undefined || removeAudience !== undefined;
  if (!scopes && !audiences) return { fields: {}, etag: '' };
  if ((scopes && options.scope !== undefined) || (audiences && options.audience !== undefined)) {
    throw usageFailure(
      'A list is either set as a whole or added to and taken from.',
      'leave out one of them',
    );
  }
  const client = await getClient(service, clientId);
  const allowedScopes = edited(client.allowedScopes, addScope, removeScope);
  const defaultScopes = (options.defaultScope ?? client.defaultScopes).filter((scope) =>
    allowedScopes.includes(scope),
  );
  const fields = {
    ...(scopes ? { allowedScopes, ...(removeScope === undefined ? {} : { defaultScopes }) } : {}),
    ...(audiences ? { allowedAudiences: edited(client.allowedAudiences, addAudience, removeAudience) } : {}),
  };
  return { fields, etag: client.etag };
}

const edited = (
  list: readonly string[],
  add: readonly string[] = [],
  remove: readonly string[] = [],
): string[] => [...new Set([...list, ...add])].filter((item) => !remove.includes(item));
