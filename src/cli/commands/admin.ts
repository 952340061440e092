import { type Command, Option } from 'commander';
import { confirm } from '../confirm.js';
import type { Run } from '../host.js';
import { openSecretFile } from '../secret-output.js';
import { local, secretFileOption, yesOption } from '../session.js';
import { facts } from '../table.js';

/** `admin recover`: the way back in when no administrator is left whose secret anyone has. */
export function addAdminCommands(run: Run, program: Command): void {
  const admin = program
    .command('admin')
    .description('the way back in, for whoever holds store and master key');
  const recover = admin
    .command('recover')
    .description(
      'make an administrator, or give the one by this id a fresh secret; needs the settings of the server ' +
        '(COUNTERSIGN_STORE, COUNTERSIGN_ISSUER, COUNTERSIGN_MASTER_KEY) and works beside running servers',
    )
    .addOption(new Option('--as <client-id>', "the administrator's id").default('admin'))
    .addOption(secretFileOption())
    .addOption(yesOption());

  local<{ as: string; secretFile?: string; yes?: boolean }>(
    run,
    recover,
    async ({ host, out }, { as: clientId, secretFile, yes }) => {
      await confirm(host, `If ${clientId} is there, its old secrets and tokens will end.`, yes);
      const { recoverAdministrator } = await import('../local.js');
      const file = secretFile === undefined ? undefined : await openSecretFile(secretFile);
      let recovered: Awaited<ReturnType<typeof recoverAdministrator>>;
      try {
        recovered = await recoverAdministrator(host.env, clientId);
      } catch (err) {
        await file?.discard();
        throw err;
      }
      await file?.keep(recovered.secret);
      const shown = file === undefined;
      out.document(
        {
          client_id: recovered.clientId,
          existed: recovered.existed,
          client_secret: shown ? recovered.secret : null,
          secret_file: secretFile ?? null,
        },
        () =>
          facts(
            [
              ['client id', recovered.clientId],
              shown ? ['client secret', recovered.secret] : ['secret file', secretFile ?? ''],
            ],
            out.colour,
          ),
      );
      if (shown) out.note('The secret is shown this once and never again.');
    },
  );
}
