import type { Command } from 'commander';
import { TokenServiceService } from '../../wire/gen/countersign/v1/token_service.js';
import { confirm } from '../confirm.js';
import type { Run } from '../host.js';
import { printable } from '../printable.js';
import { remote, yesOption } from '../session.js';
import { readToken, tokenFileArgument } from '../token-input.js';

/** `token revoke` and `token revoke-by-id`. */
export function addTokenRevokeCommands(run: Run, parent: Command): void {
  const revoke = parent
    .command('revoke')
    .description('end one token; one that is unknown or expired is fine too')
    .addArgument(tokenFileArgument())
    .addOption(yesOption());
  remote<{ yes?: boolean }>(run, revoke, async ({ host, out, service }, { yes }, file?: string) => {
    const token = await readToken(host, file);
    await confirm(host, 'The token will die.', yes);
    await service.call(TokenServiceService.revokeToken, { token });
    out.document({}, () => 'The token is dead.\n');
  });

  const revokeById = parent
    .command('revoke-by-id')
    .description('end one token of which only a log line is left')
    .argument('<client-id>', 'the client it was issued to')
    .argument('<token-id>', 'its id, the jti')
    .addOption(yesOption());
  remote<{ yes?: boolean }>(
    run,
    revokeById,
    async ({ host, out, service }, { yes }, clientId: string, tokenId: string) => {
      await confirm(host, `Token ${tokenId} of ${clientId} will die.`, yes);
      await service.call(TokenServiceService.revokeTokenById, { clientId, tokenId });
      out.document(
        { client_id: clientId, token_id: tokenId },
        () => `Token ${printable(tokenId)} is dead.\n`,
      );
    },
  );
}
