import type { Command } from 'commander';
import { confirm } from '../confirm.js';
import { EXIT } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import type { Run } from '../host.js';
import { instant } from '../printable.js';
import { readSecret } from '../secret-input.js';
import { openSecretFile } from '../secret-output.js';
import { local, secretFileOption, yesOption } from '../session.js';
import { facts } from '../table.js';
import { secretPath } from '../values.js';

/** `keys generate-master`, `keys rewrap` and `keys import`: what needs the master key, not a server. */
export function addMasterKeyCommands(run: Run, parent: Command): void {
  addGenerateCommand(run, parent);

  const rewrap = parent
    .command('rewrap')
    .description(
      'change the master key: wrap everything in the store under COUNTERSIGN_MASTER_KEY, once every server has that ' +
        'and COUNTERSIGN_MASTER_KEY_PREVIOUS; needs the settings of the server',
    )
    .addOption(yesOption());
  local<{ yes?: boolean }>(run, rewrap, async ({ host, out }, { yes }) => {
    await confirm(
      host,
      'Servers that have only the previous master key will answer nothing until they get the new one.',
      yes,
    );
    const { rewrapKeys } = await import('../local.js');
    const { masterKeyId, rewrapped } = await rewrapKeys(host.env);
    out.document({ master_key_id: masterKeyId, rewrapped }, () =>
      rewrapped
        ? `Everything is under ${masterKeyId} now. COUNTERSIGN_MASTER_KEY_PREVIOUS can go.\n`
        : `Everything was under ${masterKeyId} already.\n`,
    );
  });

  const importKey = parent
    .command('import')
    .description(
      'bring a signing key from elsewhere, a PASERK k4.secret: published now, signing once every verifier has it; ' +
        'needs the settings of the server',
    )
    .argument('[secret-key-file]', 'file that holds the key; - is standard input', secretPath, '-');
  local(run, importKey, async ({ host, out }, _options, file = '-') => {
    const paserk = await readSecret(host, { file }, 'secret key');
    const { importSigningKey } = await import('../local.js');
    const { keyId, imported, signsFromMs } = await importSigningKey(host.env, paserk);
    if (!imported) {
      throw new CliFailure(
        'already_exists',
        EXIT.conflict,
        `The ring has ${keyId} already.`,
        'see: countersign keys list',
      );
    }
    const from = signsFromMs === undefined ? undefined : new Date(signsFromMs);
    out.document(
      { key_id: keyId, activate_time: from?.toISOString() ?? null },
      () => `Published ${keyId}; it signs from ${instant(from)}.\n`,
    );
  });
}

function addGenerateCommand(run: Run, parent: Command): void {
  const generate = parent
    .command('generate-master')
    .description('make a master key for COUNTERSIGN_MASTER_KEY; works offline, stdout is the key alone')
    .addOption(secretFileOption());
  local<{ secretFile?: string }>(run, generate, async ({ out }, { secretFile }) => {
    const { generateMasterKey } = await import('../local.js');
    const file = secretFile === undefined ? undefined : await openSecretFile(secretFile);
    const { masterKey, keyId } = generateMasterKey();
    await file?.keep(masterKey);
    const shown = file === undefined;
    out.document(
      { master_key: shown ? masterKey : null, key_id: keyId, secret_file: secretFile ?? null },
      () =>
        shown
          ? `${masterKey}\n`
          : facts(
              [
                ['key id', keyId],
                ['secret file', secretFile ?? ''],
              ],
              out.colour,
            ),
    );
    if (shown) out.note(`Its id is ${keyId}. Whoever has the key can sign tokens with a copy of the store.`);
  });
}
