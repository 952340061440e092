import { type Command, Option } from 'commander';
import { ClientServiceService } from '../../wire/gen/countersign/v1/client_service.js';
import { confirm } from '../confirm.js';
import type { Run } from '../host.js';
import { makeSecret, type NewSecretOptions, newSecretOptions } from '../new-secret.js';
import { remote, yesOption } from '../session.js';
import { durationSeconds } from '../values.js';

interface RotateOptions extends NewSecretOptions {
  readonly overlap: number;
  readonly revokeTokens?: boolean;
  readonly yes?: boolean;
}

/** `client rotate-secret` and `client revoke-secret`. */
export function addSecretCommands(run: Run, parent: Command): void {
  const rotate = parent
    .command('rotate-secret')
    .description('make a new secret, shown once; the old ones go on working for the overlap')
    .argument('<client-id>', 'whose')
    .addOption(
      new Option('--overlap <time>', 'how long the old ones still work, up to 30d; 0 ends them at once')
        .argParser(durationSeconds)
        .default(86_400, '24h'),
    )
    .option('--revoke-tokens', 'end every outstanding token in the same step: for when a secret has leaked')
    .addOption(yesOption());
  for (const option of newSecretOptions()) rotate.addOption(option);

  remote<RotateOptions>(run, rotate, async (session, options, clientId: string) => {
    const ends = [
      ...(options.overlap === 0 ? [`The old secrets of ${clientId} will end at once.`] : []),
      ...(options.revokeTokens ? [`Every token of ${clientId} that is out will die.`] : []),
    ];
    if (ends.length > 0) await confirm(session.host, ends.join(' '), options.yes);
    await makeSecret(session, options, ({ importedSecret, requestId, hint }) =>
      session.service.call(
        ClientServiceService.rotateClientSecret,
        {
          clientId,
          overlapSeconds: options.overlap,
          revokeTokens: options.revokeTokens ?? false,
          requestId,
          importedSecret,
        },
        hint,
      ),
    );
  });

  const revoke = parent
    .command('revoke-secret')
    .description('end one secret')
    .argument('<client-id>', 'whose')
    .argument('<secret-id>', 'which: see client get')
    .addOption(yesOption());
  remote<{ yes?: boolean }>(
    run,
    revoke,
    async ({ host, out, service }, { yes }, clientId: string, secretId: string) => {
      await confirm(host, `Secret ${secretId} of ${clientId} will stop working.`, yes);
      await service.call(ClientServiceService.revokeClientSecret, { clientId, secretId });
      out.document(
        { client_id: clientId, secret_id: secretId },
        () => `Ended secret ${secretId} of ${clientId}.\n`,
      );
    },
  );
}
