import type { Command } from 'commander';
import type { Run } from '../host.js';
import { openSecretFile } from '../secret-output.js';
import { local, secretFileOption } from '../session.js';
import { facts } from '../table.js';

/** `keys generate-master`: a fresh master key, made here and known to nobody else. */
export function addMasterKeyCommands(run: Run, parent: Command): void {
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
