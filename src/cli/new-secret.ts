import { randomUUID } from 'node:crypto';
import { Option } from 'commander';
import type { Client } from '../wire/gen/countersign/v1/client_service.js';
import { fileFailure } from './failure.js';
import { readSecret } from './secret-input.js';
import { openSecretFile } from './secret-output.js';
import { type RemoteSession, secretFileOption } from './session.js';
import { facts } from './table.js';
import { secretPath } from './values.js';
import { clientView } from './views.js';

/** Options of the commands that give a client a secret. */
export interface NewSecretOptions {
  readonly secretFile?: string;
  readonly importedSecretFile?: string;
  readonly requestId?: string;
}

export const newSecretOptions = (): readonly Option[] => [
  secretFileOption(),
  new Option(
    '--imported-secret-file <path>',
    'take the secret from this file (- is standard input) instead of making one: 32 to 1024 characters, random',
  ).argParser(secretPath),
  new Option('--request-id <id>', 'name this act: a repeat with the same id is the same act'),
];

/** What the service answers when it has made a secret. */
interface Made {
  readonly client: Client | undefined;
  readonly clientSecret: string;
  readonly secretId: string;
}

/**
 * Runs a call that makes a secret, and hands the secret over once: on stdout, or in a new file. The act is always
 * named, so that repeating it after a lost answer makes no second client and no sixth secret; the hint says how.
 */
export async function makeSecret(
  { host, out }: RemoteSession,
  options: NewSecretOptions,
  act: (wanted: { importedSecret: string; requestId: string; hint: string }) => Promise<Made>,
): Promise<void> {
  const { secretFile, importedSecretFile } = options;
  if (secretFile !== undefined && importedSecretFile !== undefined) {
    throw fileFailure('An imported secret is not written again.', 'leave out --secret-file');
  }
  const requestId = options.requestId ?? randomUUID();
  const hint = `repeat it with --request-id ${requestId}, which is safe even if it has taken effect`;
  const importedSecret =
    importedSecretFile === undefined
      ? ''
      : await readSecret(host, { file: importedSecretFile }, 'imported secret');
  const file = secretFile === undefined ? undefined : await openSecretFile(secretFile);
  let made: Made;
  try {
    made = await act({ importedSecret, requestId, hint });
  } catch (err) {
    await file?.discard();
    throw err;
  }
  await file?.keep(made.clientSecret);

  const { client, secretId } = made;
  const shown = file === undefined && importedSecret === '';
  out.document(
    {
      client: client === undefined ? null : clientView(client),
      secret_id: secretId,
      client_secret: shown ? made.clientSecret : null,
      secret_file: secretFile ?? null,
    },
    () =>
      facts(
        [
          ['client id', client?.clientId ?? ''],
          ['secret id', secretId],
          ...(shown ? [['client secret', made.clientSecret] as const] : []),
          ...(secretFile === undefined ? [] : [['secret file', secretFile] as const]),
        ],
        out.colour,
      ),
  );
  if (shown) out.note('The secret is shown this once and never again.');
}
