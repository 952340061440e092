import { type Command, Option } from 'commander';
import { Client } from '../wire/gen/countersign/v1/client_service.js';
import { durationSeconds, gatherLabels, gatherWords, jsonObject } from './values.js';

/** What an operator decides about a client, as options of `create` and `update`. */
export interface ClientSettingsOptions {
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly defaultScope?: readonly string[];
  readonly audience?: readonly string[];
  readonly defaultAudience?: string;
  readonly serve?: readonly string[];
  readonly introspectionOnly?: boolean;
  readonly tokenTtl?: number;
  readonly ext?: Readonly<Record<string, unknown>>;
  readonly label?: Readonly<Record<string, string>>;
}

/** Adds the options; each is named in an update's mask only if it is given. */
export const addClientSettingsOptions = (command: Command): Command =>
  command
    .option('--name <text>', 'a name for people')
    .addOption(
      new Option('--scope <scopes>', 'a scope it may ask for; repeat, or part by spaces').argParser(
        gatherWords,
      ),
    )
    .addOption(
      new Option('--default-scope <scopes>', 'a scope it gets when it asks for none').argParser(gatherWords),
    )
    .addOption(new Option('--audience <audiences>', 'an audience it may ask for').argParser(gatherWords))
    .option('--default-audience <audience>', 'the audience it gets when it asks for none')
    .addOption(
      new Option('--serve <audiences>', 'an audience whose tokens it may introspect; * is any').argParser(
        gatherWords,
      ),
    )
    .option('--introspection-only', 'it may introspect and gets no tokens')
    .addOption(
      new Option('--token-ttl <time>', 'life of its tokens, such as 10m; 0 is the server default').argParser(
        durationSeconds,
      ),
    )
    .addOption(
      new Option(
        '--ext <json>',
        'claims put under ext in each of its tokens: a JSON object, or @file',
      ).argParser(jsonObject),
    )
    .addOption(new Option('--label <key=value>', 'a label for operators; repeat').argParser(gatherLabels));

/** The fields of a client that the options give, under their names in the stubs. */
export function settingsFrom(options: ClientSettingsOptions): Partial<Client> {
  const { name, scope, defaultScope, audience, defaultAudience, serve, introspectionOnly, tokenTtl } =
    options;
  return {
    ...(name === undefined ? {} : { displayName: name }),
    ...(scope === undefined ? {} : { allowedScopes: [...scope] }),
    ...(defaultScope === undefined ? {} : { defaultScopes: [...defaultScope] }),
    ...(audience === undefined ? {} : { allowedAudiences: [...audience] }),
    ...(defaultAudience === undefined ? {} : { defaultAudience }),
    ...(serve === undefined ? {} : { servesAudiences: [...serve] }),
    ...(introspectionOnly === undefined ? {} : { introspectionOnly }),
    ...(tokenTtl === undefined ? {} : { tokenTtlSeconds: tokenTtl }),
    ...(options.ext === undefined ? {} : { ext: { ...options.ext } }),
    ...(options.label === undefined ? {} : { labels: { ...options.label } }),
  };
}

/** Each field that an update may name, under its name in the stubs. */
export const MASK_NAMES = {
  displayName: 'display_name',
  allowedScopes: 'allowed_scopes',
  defaultScopes: 'default_scopes',
  allowedAudiences: 'allowed_audiences',
  defaultAudience: 'default_audience',
  introspectionOnly: 'introspection_only',
  servesAudiences: 'serves_audiences',
  tokenTtlSeconds: 'token_ttl_seconds',
  ext: 'ext',
  labels: 'labels',
} as const satisfies Partial<Record<keyof Client, string>>;

/** A client with these fields, and everything else unset. */
export const clientOf = (fields: Partial<Client>): Client => ({ ...Client.fromPartial({}), ...fields });
