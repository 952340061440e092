import type { Command } from 'commander';
import { type Client, ClientServiceService } from '../../wire/gen/countersign/v1/client_service.js';
import { confirm } from '../confirm.js';
import type { Run } from '../host.js';
import { printable } from '../printable.js';
import { type RemoteSession, remote, yesOption } from '../session.js';
import { clientView } from '../views.js';

interface EndOptions {
  readonly reason?: string;
  readonly etag?: string;
  readonly yes?: boolean;
}

/** `client revoke`, `reinstate`, `revoke-tokens` and `delete`. */
export function addEndingCommands(run: Run, parent: Command): void {
  const named = (name: string, description: string): Command =>
    parent.command(name).description(description).argument('<client-id>', 'which client');

  const revoke = named('revoke', 'end a client: no new tokens, and every outstanding one dies')
    .option('--reason <text>', 'why, for people; kept in the record and the audit', '')
    .addOption(yesOption());
  remote<EndOptions>(run, revoke, async (session, { reason = '', yes }, clientId: string) => {
    await confirm(session.host, `Every token of ${clientId} will die, and it gets no new ones.`, yes);
    const { client } = await session.service.call(ClientServiceService.revokeClient, { clientId, reason });
    tell(session, client, `Revoked ${clientId}: its tokens are dead, and it gets no new ones.`);
  });

  const reinstate = named('reinstate', 'let a revoked client ask for tokens again; old tokens stay dead');
  remote(run, reinstate, async (session, _options, clientId: string) => {
    const { client } = await session.service.call(ClientServiceService.reinstateClient, { clientId });
    tell(
      session,
      client,
      `Reinstated ${clientId}: it may ask for tokens again; those from before stay dead.`,
    );
  });

  const revokeTokens = named('revoke-tokens', 'end every outstanding token of a client, which stays active')
    .option('--reason <text>', 'why, for people; kept in the audit', '')
    .addOption(yesOption());
  remote<EndOptions>(
    run,
    revokeTokens,
    async ({ host, out, service }, { reason = '', yes }, clientId: string) => {
      await confirm(host, `Every token of ${clientId} that is out will die.`, yes);
      await service.call(ClientServiceService.revokeClientTokens, { clientId, reason });
      out.document({ client_id: clientId }, () => `Every token of ${printable(clientId)} so far is dead.\n`);
    },
  );

  const remove = named('delete', 'delete a client; its tokens die')
    .option('--etag <etag>', 'only if the client still has this etag', '')
    .addOption(yesOption());
  remote<EndOptions>(run, remove, async ({ host, out, service }, { etag = '', yes }, clientId: string) => {
    await confirm(host, `${clientId} will be deleted with its secrets, and every token of it will die.`, yes);
    await service.call(ClientServiceService.deleteClient, { clientId, etag });
    out.document({ client_id: clientId }, () => `Deleted ${printable(clientId)}: its tokens are dead.\n`);
  });
}

function tell({ out }: RemoteSession, client: Client | undefined, sentence: string): void {
  out.document(
    { client: client === undefined ? null : clientView(client) },
    () => `${printable(sentence)}\n`,
  );
}
